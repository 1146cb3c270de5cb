/** `attn generate`: a model of language continues a text, or answers it where it has an encoder. */
import type { Generated, GenerateOptions } from '@attn/models/node';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { badArgument, decimal, integer, isSet, requiredText, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { MODEL_OPTIONS, readModelFor, readSource } from '../model.ts';
import { duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { readTextFile } from '../text-file.ts';
import { WEIGHT_OPTIONS } from '../weights.ts';
import { readTaskOptions } from './task-options.ts';

/** Ways to say what is continued or answered. */
const INPUTS = ['text', 'prompt', 'file', 'input'] as const;

/** The command. */
export const generate: Command = {
  name: 'generate',
  summary: 'Continue a text with a language model, or answer it: summaries, translations',
  options: [
    ...MODEL_OPTIONS,
    ...WEIGHT_OPTIONS,
    ['--text <text>', 'The text to continue, or for a model with an encoder to answer'],
    ['--prompt <text>', 'The same as --text'],
    ['--file <file>', 'Instead of a text: a file that is one'],
    ['--input <file>', 'Instead of a text: a .safetensors file with input_ids, [length] or [1, length]'],
    ['--max-new-tokens <count>', 'Most tokens to add (default: what the model’s files say, or 64)'],
    ['--min-new-tokens <count>', 'New tokens before which no text ends'],
    ['--num-beams <count>', 'Search for the text of the best score, with so many beams'],
    ['--length-penalty <number>', 'With beams: the greater, the longer are texts (default: 1)'],
    ['--num-return-sequences <count>', 'So many texts, of as many beams or draws'],
    [
      '--temperature <number>',
      'Logits are divided by it before tokens are drawn; 0 takes the likeliest token (default: as the files say)',
    ],
    ['--top-k <count>', 'Draw from so many of the likeliest tokens only'],
    ['--top-p <number>', 'Draw from the fewest tokens that have this probability together'],
    ['--seed <number>', 'Draw; equal seeds draw equal tokens (default: 0)'],
    ['--stop <text>', 'End before this text'],
    ['--options <json>', 'Other options of generate, JSON or a file: {"no_repeat_ngram_size":3}'],
    ['--stream', 'Print the text as it comes; with beams it comes at the end'],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'generate --model ./reformer --text "A few months later" --max-new-tokens 100 --temperature 0.8 --stream',
    'generate --model ./led --file book.txt --num-beams 4 --json',
  ],
  run: runGenerate,
};

async function runGenerate(options: Options, context: Context): Promise<void> {
  // Everything cheap is checked before anything is read or computed.
  readSource(options);
  const isStreamed = isSet(options, 'stream');
  if (isStreamed && context.json) throw badArgument('--stream contradicts --json');
  const generating = await readOptions(options);
  const backend = readBackend(options);
  const prompt = await readPrompt(options, context.signal);
  await withAttn(backend, context, async (attn) => {
    const { signal, progress } = context;
    const start = performance.now();
    const model = await readModelFor('generate', options, context, attn);
    const loaded = performance.now();
    const { architecture, generation } = model.network;
    const before = typeof prompt === 'string' && generation?.decoder === undefined ? prompt : '';
    progress.update('generating', 0);
    const result = await model.generate(prompt, {
      ...generating,
      backend,
      signal,
      ...(isStreamed
        ? streamTo(context, before)
        : { onProgress: ({ done, total }) => progress.update('generating', done / total) }),
      onWarning(message) {
        progress.clear();
        context.warn(message);
      },
    });
    const [loadMs, ms] = [loaded - start, performance.now() - loaded];
    progress.clear();
    const { ids, text: newText, promptTokens, end, backends, sequences } = result;
    const all = sequences.map((sequence) => ({ ...sequence, text: sequence.text ?? null }));
    context.printJson({
      architecture,
      backends,
      promptTokens,
      ids,
      text: newText ?? null,
      end,
      sequences: all,
      loadMs,
      ms,
    });
    context.print(isStreamed ? '' : textsOf(result, before));
    context.print('');
    context.print(
      fields([
        ['model', architecture],
        ['backend', backends.join(', ')],
        ['tokens', `${promptTokens} ${generation?.decoder ? 'read' : 'of the prompt'}, ${ids.length} new`],
        ['time', `${duration(ms)}; loaded in ${duration(loadMs)}`],
      ]),
    );
  });
}

/** What writes a text as it comes, behind `before`. */
function streamTo({ write, progress }: Context, before: string): Pick<GenerateOptions, 'onText'> {
  let isFirst = true;
  let written: Promise<void> = Promise.resolve();
  return {
    onText(piece, _input, place): Promise<void> {
      if (place > 0) return written; // only the best text is for people who wait
      const next = isFirst ? before + piece : piece;
      if (isFirst) progress.clear();
      isFirst = false;
      written = written.then(() => write(next));
      return written;
    },
  };
}

/** The texts for people, or the ids of a model without a tokenizer. */
function textsOf({ sequences }: Generated, before: string): string {
  return sequences
    .map(({ text: newText, ids }) => (newText === undefined ? ids.join(' ') : before + newText))
    .join('\n\n');
}

/** The options of `generate`. Draws are made where an option of drawing is there. */
async function readOptions(options: Options): Promise<GenerateOptions> {
  const topP = decimal(options, 'topP', { least: 0 });
  if (topP !== undefined && (topP === 0 || topP > 1)) {
    throw badArgument(`--top-p must be above 0 and at most 1, got ${topP}`);
  }
  const temperature = decimal(options, 'temperature', { least: 0 });
  const [topK, seed] = [integer(options, 'topK'), integer(options, 'seed', { least: 0 })];
  const draws = [temperature, topK, topP, seed].some((value) => value !== undefined);
  const others = (await readTaskOptions(options)) as GenerateOptions;
  const own: GenerateOptions = {
    max_new_tokens: integer(options, 'maxNewTokens'),
    min_new_tokens: integer(options, 'minNewTokens'),
    num_beams: integer(options, 'numBeams'),
    length_penalty: decimal(options, 'lengthPenalty', { least: -Infinity }),
    num_return_sequences: integer(options, 'numReturnSequences'),
    stop: text(options, 'stop'),
    ...(draws && temperature === 0 && { do_sample: false }),
    // All tokens may be drawn, unless the caller says otherwise.
    ...(draws && temperature !== 0 && { do_sample: true, temperature, top_k: topK ?? 0, top_p: topP, seed }),
  };
  return { ...others, ...definedOf(own) };
}

/** An object without the fields that are undefined. */
function definedOf<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Reads the text of an option or of a file, or the ids of `--input`. */
async function readPrompt(options: Options, signal: AbortSignal): Promise<string | readonly number[]> {
  const inputs = INPUTS.filter((name) => options[name] !== undefined);
  if (inputs.length > 1) throw badArgument(`--${inputs[0]} contradicts --${inputs[1]}`);
  const prompt = text(options, 'text') ?? text(options, 'prompt');
  if (prompt !== undefined) return prompt;
  const file = text(options, 'file');
  if (file !== undefined) return readTextFile('file', file, signal);
  return readIds(requiredText(options, 'input', 'a file of ids, or --text with a text, or --file'));
}

async function readIds(path: string): Promise<readonly number[]> {
  const file = await openSafetensorsFile(path);
  try {
    const { shape, data, dtype } = await file.tensor('input_ids');
    const isRow = shape.length === 1 || (shape.length === 2 && shape[0] === 1);
    if (isRow && dtype !== 'f32' && dtype !== 'f16') return Array.from(data);
    throw badArgument(
      `input_ids of ${path} must be integers [length] or [1, length], got ${dtype} [${shape.join(', ')}]`,
    );
  } finally {
    await file.dispose();
  }
}
