/** Loads a model from the files of a checkpoint. */
import { AttnError, type Attn } from '@attn/core';
import {
  aBoolean,
  aString,
  checkArgument,
  checkOptions,
  oneOf,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import { anAttn, aStore, someFamilies } from './argument-kinds.ts';
import { refuseForeignCode } from './checkpoint/foreign-code.ts';
import type { autoDtype } from './checkpoint/auto-dtype.ts';
import { loadedForms } from './checkpoint/loaded-forms.ts';
import { READ_OPTIONS } from './checkpoint/read-weights.ts';
import { activationsOf, aLoadDtype, type LoadDtype, type WeightDtype } from './checkpoint/weight-dtype.ts';
import { FAMILIES, findFamily, type LazyFamily } from './families.ts';
import type { FileStore } from './files/file-store.ts';
import { openCheckpoint } from './files/open-checkpoint.ts';
import type { ModelSource } from './files/source.ts';
import { ABILITIES, type Ability } from './loaded/abilities.ts';
import { loadedModel, type ModelsFor } from './loaded/models-for.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { FamilyOptions, ModelFamily } from './model.ts';
import { openModel, REQUEST_OPTIONS, type RequestOptions } from './open-model.ts';
import { classFor, encoderClass, lowersCase, readModuleList } from './sentence/module-list.ts';
import type { TaskOf } from './tasks/names.ts';
import type { AnyPipeline } from './tasks/open-pipeline.ts';
import type { Pipeline, PipelineName } from './tasks/pipeline.ts';
import { openTokenizer } from './tokenizer.ts';

/** Options of `loadModel` wherever the files are. */
export interface LoadOptions extends Omit<FamilyOptions, 'dtype'> {
  /**
   * The form in which matrices and tables of embeddings are kept: as f32, or as codes of 8 bits (`q8`) or 4
   * bits (`q4`) with scales, which they become as they are read. `auto`: as the files have them, or `q8`
   * where numbers of f32 would take more than an eighth of the machine's memory, or than 2 GiB. The model's
   * `weights.forms` say what came of it. Default: as the files have them.
   */
  readonly dtype?: LoadDtype;
  /** Runs the model on its backends. Without it the model can only be inspected and exported. */
  readonly attn?: Attn;
  /** Families to choose from, by config.json. Default: all families of this package. */
  readonly families?: readonly (ModelFamily | LazyFamily)[];
  /**
   * Whether the files of sentence-transformers count: `modules.json` and what it names. False for the model
   * without its modules and prompts. Default true.
   */
  readonly modules?: boolean;
  /** False for the model without its head, whose result are the states of tokens. Default true. */
  readonly head?: boolean;
  /**
   * The method that the model must have, such as `encode`: a model without it is refused. For `encode`, the
   * default of `head` is false. Default: the model has the methods that it can have.
   */
  readonly for?: Ability;
}

/** Options of `loadModel`. */
export interface WebLoadOptions extends LoadOptions, RequestOptions {}

const WHERE = 'models/load';

/** Kinds of the options of loading. */
export const LOAD_OPTIONS: OptionKinds<LoadOptions> = {
  ...READ_OPTIONS,
  dtype: aLoadDtype,
  architecture: aString,
  attn: anAttn,
  families: someFamilies,
  modules: aBoolean,
  head: aBoolean,
  for: oneOf(...ABILITIES),
};

const WEB_OPTIONS: OptionKinds<WebLoadOptions> = { ...LOAD_OPTIONS, ...REQUEST_OPTIONS };

/** Checked options, apart: how the model is loaded, and where its files are. Both have the signal. */
export function splitOptions<O extends LoadOptions>(
  options: O,
): { readonly loading: LoadOptions; readonly place: Omit<O, Exclude<keyof LoadOptions, 'signal'>> } {
  const pick = (test: (name: string) => boolean): object =>
    Object.fromEntries(Object.entries(options).filter(([name]) => test(name)));
  const isLoading = (name: string): boolean => Object.hasOwn(LOAD_OPTIONS, name);
  return {
    loading: pick(isLoading),
    place: pick((name) => name === 'signal' || !isLoading(name)) as Omit<O, never>,
  };
}

/**
 * Loads a model from a store of files, such as one of your own. Errors: those of `loadModel`.
 *
 * @example
 * const model = await loadFrom(folderStore('models/longformer'), { attn });
 */
export async function loadFrom<A extends Ability>(
  store: FileStore,
  options: LoadOptions & { readonly for: A },
): Promise<ModelsFor[A]>;
export async function loadFrom(store: FileStore, options?: LoadOptions): Promise<LoadedModel>;
export async function loadFrom(store: FileStore, options: LoadOptions = {}): Promise<LoadedModel> {
  checkArgument(WHERE, 'store', store, aStore);
  const {
    attn,
    families = FAMILIES,
    modules = true,
    for: ability,
    head = ability !== 'encode',
    ...rest
  } = checkOptions(WHERE, options, LOAD_OPTIONS);
  const checkpoint = await openCheckpoint(store);
  try {
    refuseForeignCode(checkpoint);
    const list = modules ? await readModuleList(store) : undefined;
    const family = await findFamily(checkpoint.config, families);
    if (family === undefined) {
      const names = families.map(({ name }) => name).join(', ');
      const message = `${store.name} has the model_type ${show(checkpoint.config.model_type)}; known are ${names}`;
      throw new AttnError('UNSUPPORTED', WHERE, message);
    }
    const { config, weights } = checkpoint;
    const ownClass = list ? classFor(list.task, config) : head ? undefined : encoderClass(config);
    const architecture = rest.architecture ?? ownClass;
    const slots = family.slots(checkpoint, architecture);
    const dtype = rest.dtype === 'auto' ? await dtypeOf(checkpoint, slots) : rest.dtype;
    const activations =
      rest.activations ?? (attn === undefined ? 'f32' : activationsOf(attn.fastestInputs()));
    const forms = loadedForms(checkpoint, slots, dtype, activations);
    const model = await family.load(checkpoint, { ...rest, architecture, dtype, activations });
    const lowerCase = list !== undefined && lowersCase(list);
    const tokenizer = (await openTokenizer(store, { lowerCase })) ?? family.tokenizer?.(config);
    const { readSettings } = await import('./sentence/read-settings.ts');
    const settings = await readSettings(store, list, config, model);
    return loadedModel(ability, model, tokenizer, attn, weights && { ...weights, forms }, settings);
  } finally {
    await checkpoint.dispose();
  }
}

/** What `dtype: 'auto'` stands for. Its rule is loaded when somebody asks for it. */
async function dtypeOf(...place: Parameters<typeof autoDtype>): Promise<WeightDtype | undefined> {
  return (await import('./checkpoint/auto-dtype.ts')).autoDtype(...place);
}

/**
 * Loads a model: from the Hugging Face hub by its id; from a URL under which its files lie, which may be
 * relative on a page (a text is a URL when it begins with a scheme, `/`, `./` or `../`, or ends in `/`); from
 * URLs by file name; or from files that a user has picked (`File`s of an input, the handle of a folder).
 *
 * Models of the hub are downloaded once, into the browser's cache, where there is one. Elsewhere tensors are
 * fetched with range requests, neighbours in a file with one. In Node, `@attn/models/node` has a `loadModel`
 * that also takes folders, and keeps models on disk.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` (an impossible source, no permission), `MALFORMED_FILE` (files
 * that break their rules, tensors that do not fit the config), `UNSUPPORTED` (an unknown model, code of its
 * own), `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const model = await loadModel('allenai/longformer-base-4096', { attn, for: 'encode' });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel<A extends Ability>(
  source: ModelSource,
  options: WebLoadOptions & { readonly for: A },
): Promise<ModelsFor[A]>;
export async function loadModel(source: ModelSource, options?: WebLoadOptions): Promise<LoadedModel>;
export async function loadModel(source: ModelSource, options: WebLoadOptions = {}): Promise<LoadedModel> {
  const { loading, place } = splitOptions(checkOptions(WHERE, options, WEB_OPTIONS));
  return loadFrom(await openModel(source, place), loading);
}

/**
 * Loads a model for a task, and returns a function that does it: `text-classification`, … Names, options and
 * results are those of transformers.js; inputs may have any length. Sources are those of `loadModel`, a model
 * that is loaded, or another pipeline, for its model. Without `attn`, the model runs on the backends that are
 * installed (`@attn/auto`).
 *
 * Errors: those of `loadModel`; `INVALID_ARGUMENT` (an unknown task), `UNSUPPORTED` (a model that cannot do
 * it), `MISSING_INPUT` (no `attn`, and no `@attn/auto`).
 *
 * @example
 * await using classify = await pipeline('text-classification', 'org/longformer-reviews', { attn });
 * const [{ label, score }] = await classify('Call me Ishmael.');
 */
export async function pipeline<N extends PipelineName>(
  task: N,
  source: ModelSource | LoadedModel | AnyPipeline,
  options: WebLoadOptions = {},
): Promise<Pipeline<TaskOf<N>>> {
  const { openPipeline } = await import('./tasks/open-pipeline.ts');
  return openPipeline(task, source, checkOptions(WHERE, options, WEB_OPTIONS), loadModel);
}
