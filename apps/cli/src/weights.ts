/** The options that say in which form a model keeps its weights, and these forms in words. */
import type { Activations, LoadDtype, LoadedForms, LoadedModel, ReadOptions } from '@attn/models/node';
import { flag, parseJson, text, type Options } from './args.ts';
import type { Command } from './command.ts';

/** How layers of codes read their inputs. */
export const ACTIVATIONS_OPTION: Command['options'][number] = [
  '--activations <form>',
  'How layers of codes read their inputs: f32, integer (12 bits) or int8 (default: what is fastest, never int8)',
];

/** The options. */
export const WEIGHT_OPTIONS: Command['options'] = [
  [
    '--dtype <form>',
    'Keep weights as f32, q8, q4, auto, or JSON such as {"linear":"q4","embeddings":"q8"} (default: as the files have them)',
  ],
  ACTIVATIONS_OPTION,
];

/** Names of the options, as the parser spells them. */
export const WEIGHT_OPTION_NAMES: readonly string[] = ['dtype', 'activations'];

/** Reads the options; `loadModel` refuses unknown forms. Errors: `INVALID_ARGUMENT` for torn JSON. */
export function readWeightOptions(options: Options): {
  readonly dtype?: LoadDtype;
  readonly activations?: Activations;
} {
  const dtype = text(options, 'dtype');
  const activations = text(options, 'activations') as ReadOptions['activations'];
  return { dtype: dtype === undefined ? undefined : parseDtype(dtype), activations };
}

/** Reads the form of weights: a word, or JSON. Errors: `INVALID_ARGUMENT` for torn JSON. */
export function parseDtype(form: string): LoadDtype {
  const isJson = form.trimStart().startsWith('{');
  return (isJson ? parseJson(flag('dtype'), form) : form) as LoadDtype;
}

/** The files of weights, and the forms of codes: `model.safetensors (safetensors), q8, inputs f32`. */
export function weightsInWords({ weights }: Pick<LoadedModel, 'weights'>): string {
  if (weights === undefined) return 'in memory';
  const { files, format, revision, forms } = weights;
  const [first, ...others] = files;
  const name = revision === undefined ? first : `${revision}/${first}`;
  const place = `${name}${others.length > 0 ? ` and ${others.length} more` : ''} (${format})`;
  return [place, ...formsInWords(forms)].join(', ');
}

/** Forms that are codes in words: `q8, inputs integer`, `linear q4, embeddings q8, inputs f32`. */
function formsInWords(forms: LoadedForms | undefined): readonly string[] {
  if (forms === undefined || (forms.linear === 'f32' && forms.embeddings === 'f32')) return [];
  const { linear, embeddings, activations } = forms;
  const weights = linear === embeddings ? linear : `linear ${linear}, embeddings ${embeddings}`;
  return linear === 'f32' ? [weights] : [weights, `inputs ${activations}`];
}
