/** The part of `attn encode` that is for texts: their options, and their vectors. */
import { readFile } from 'node:fs/promises';
import { AttnError, type Tensor, type Tensors } from '@attn/core';
import { show } from '@attn/core/backend';
import {
  Encoder,
  SparseEncoder,
  type EncodeOptions,
  type EncodeProgress,
  type EncodeSparseOptions,
  type LoadedModel,
  type Pooling,
  type QuantizedEmbeddings,
  type SparseEmbeddings,
} from '@attn/models/node';
import { DTYPE_IN_FILE } from '@attn/safetensors';
import { writeSafetensorsFile, writeStoredTensors, type StoredTensor } from '@attn/safetensors/node';
import { badArgument, flag, integer, isSet, text, unreadable, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { WORKERS_OPTION } from '../site.ts';

/** The options that are for texts alone. */
export const TEXT_OPTIONS: Command['options'] = [
  ['--lines', 'Each line of a text file is a text of its own'],
  [
    '--pooling <names>',
    'Of a text: mean, cls, max, mean_sqrt_len_tokens, weightedmean, lasttoken, several with commas between them, or none for the states of all tokens (default: what the folder says, else mean)',
  ],
  ['--prompt <text>', 'A text before every text'],
  ['--prompt-name <name>', 'The name of one of the folder’s prompts'],
  ['--as <role>', 'query or document: the folder’s prompt for it'],
  ['--task <name>', 'The task whose adapters take part, such as separation (jina-embeddings-v3)'],
  ['--normalize', 'Scale every vector to length 1'],
  ['--dimensions <count>', 'Keep so many dimensions of each vector'],
  ['--quantize <precision>', 'Write vectors of bytes as well: int8, uint8, binary or ubinary'],
  ['--chunks <what>', 'A vector for each of a text’s sentences, or for each piece of so many tokens'],
  ['--max-length <count>', 'Most tokens of a row (default: what the folder says, else the model’s)'],
  ['--overlap <count>', 'Tokens that the windows of a long text share (default: an eighth of --max-length)'],
  ['--split-long', 'Windows of texts that are too long, where the folder says that they are cut'],
  ['--refuse-long', 'Refuse texts that are too long'],
  WORKERS_OPTION,
];

/** Names of the options that are for texts alone, as the parser spells them. */
export const TEXT_OPTION_NAMES: readonly string[] = TEXT_OPTIONS.map(([usage]) =>
  usage
    .slice(2)
    .split(' ')[0]
    .replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
);

/** Reads the options of texts. Errors: `INVALID_ARGUMENT`. */
export function readEncoding(options: Options): EncodeOptions {
  const [isSplit, isRefused] = ['splitLong', 'refuseLong'].map((name) => isSet(options, name));
  if (isSplit && isRefused) throw badArgument('--split-long contradicts --refuse-long');
  const overlap = integer(options, 'overlap', { least: 0 });
  return {
    pooling: readPooling(text(options, 'pooling')),
    prompt: text(options, 'prompt'),
    promptName: text(options, 'promptName'),
    as: oneOf(options, 'as', ['query', 'document']),
    task: text(options, 'task'),
    normalize: isSet(options, 'normalize') || undefined,
    dimensions: integer(options, 'dimensions'),
    quantize: oneOf(options, 'quantize', ['int8', 'uint8', 'binary', 'ubinary']),
    chunks: readChunks(options),
    maxLength: integer(options, 'maxLength'),
    overlap,
    onLongText: isRefused ? 'throw' : isSplit || overlap !== undefined ? 'split' : undefined,
  };
}

const POOLINGS = ['mean', 'cls', 'max', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken'] as const;

function readPooling(names: string | undefined): Pooling | undefined {
  if (names === undefined || names === 'none') return names;
  return names.split(',').map((name) => {
    const mode = POOLINGS.find((pooling) => pooling === name.trim());
    if (mode !== undefined) return mode;
    throw badArgument(`--pooling must be ${POOLINGS.join(', ')}, or none, got ${show(names)}`);
  });
}

function oneOf<T extends string>(options: Options, name: string, words: readonly T[]): T | undefined {
  const word = text(options, name);
  const value = words.find((each) => each === word);
  if (word === undefined || value !== undefined) return value;
  throw badArgument(`${flag(name)} must be ${words.join(' or ')}, got ${show(word)}`);
}

function readChunks(options: Options): 'sentences' | number | undefined {
  return text(options, 'chunks') === 'sentences' ? 'sentences' : integer(options, 'chunks');
}

/** Tensors of a file; vectors of bytes are beside them, as tensors have no dtype of 8 bits with a sign. */
export interface Outputs {
  readonly tensors: Tensors;
  readonly quantized?: QuantizedEmbeddings | undefined;
}

/** Computes a vector of each text or chunk, or the states of its tokens. */
export async function embed(
  model: LoadedModel,
  texts: readonly string[],
  options: EncodeOptions,
  { signal, progress, warn }: Context,
): Promise<Outputs> {
  const onProgress = ({ done, total, unit }: EncodeProgress): void =>
    progress.update(unit === 'characters' ? 'tokenizing' : 'encoding', done / total);
  const onWarning = (message: string): void => {
    progress.clear();
    warn(message);
  };
  const running = { signal, onProgress, onWarning };
  if (model instanceof SparseEncoder) {
    const result = await model.encodeSparse(texts, { ...sparseOptions(options), ...running });
    return { tensors: { sentence_embedding: dense(result) } };
  }
  if (!(model instanceof Encoder)) throw noVectors(model);
  const { sentence } = model.settings;
  const result = await model.encode(texts, { ...options, ...running });
  if (!('embeddings' in result))
    return { tensors: Object.fromEntries(result.states.map((states, i) => [`states.${i}`, states])) };
  const { embeddings, quantized } = result;
  const tensors = {
    embeddings,
    ...(sentence && { sentence_embedding: embeddings }),
    ...('chunks' in result && { chunks: places(result.chunks) }),
  };
  return { tensors, quantized };
}

/** The error of a model that has a head. */
function noVectors({ network }: LoadedModel): AttnError {
  const message = `${network.architecture} gives ${network.outputs.join(', ')} and no last_hidden_state: name the class without a head with --architecture, or encode ids`;
  return new AttnError('UNSUPPORTED', 'cli/encode', message);
}

/** The options of sparse vectors. Errors: `INVALID_ARGUMENT` for those of others. */
function sparseOptions(options: EncodeOptions): EncodeSparseOptions {
  const { prompt, promptName, as, maxLength, onLongText, globalTokens, backend, ...others } = options;
  const [extra] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (extra !== undefined) throw badArgument(`${flag(extra)} is not for a model of sparse vectors`);
  return { prompt, promptName, as, maxLength, onLongText, globalTokens, backend };
}

/** Sparse vectors as the original gives them to others: with all zeros. */
function dense({ vectors, width }: SparseEmbeddings): Tensor {
  const data = new Float32Array(vectors.length * width);
  for (const [row, { indices, values }] of vectors.entries())
    for (const [i, index] of indices.entries()) data[row * width + index] = values[i];
  return { dtype: 'f32', shape: [vectors.length, width], data };
}

/** [chunks, 3]: the text, the first UTF-16 unit, and the one after the last. */
function places(chunks: readonly { text: number; start: number; end: number }[]): Tensor {
  const data = Int32Array.from(chunks.flatMap(({ text, start, end }) => [text, start, end]));
  return { dtype: 'i32', shape: [chunks.length, 3], data };
}

/** Writes the outputs; vectors of bytes as `quantized`. */
export async function writeOutputs(
  path: string,
  { tensors, quantized }: Outputs,
  signal: AbortSignal,
): Promise<void> {
  if (quantized === undefined) return writeSafetensorsFile(path, tensors, { signal });
  const stored = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    return [name, { fileDtype: DTYPE_IN_FILE[dtype], shape, bytes: async () => bytesOf(data) }] as const;
  });
  const { data, shape } = quantized;
  const fileDtype = data instanceof Int8Array ? 'I8' : 'U8';
  const all: ReadonlyMap<string, StoredTensor> = new Map([
    ...stored,
    ['quantized', { fileDtype, shape, bytes: async () => bytesOf(data) }],
  ]);
  await writeStoredTensors(path, all, { signal });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Reads the texts: each file is one text; with `perLine`, each line that is not empty. */
export async function readTexts(
  files: readonly string[],
  { perLine }: { readonly perLine: boolean },
): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const file of files) {
    const content = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw unreadable('input', file, cause);
    });
    texts.push(...(perLine ? content.split(/\r?\n/).filter((line) => line.trim() !== '') : [content]));
  }
  if (texts.length === 0) throw badArgument('--input must hold at least one text, got none');
  return texts;
}
