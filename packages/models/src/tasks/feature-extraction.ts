/**
 * `feature-extraction`: vectors of texts, or the states of their tokens. All that is computed is `encode`'s;
 * here are the names and shapes of transformers.js.
 */
import { AttnError, type Tensor } from '@attn/core';
import { aBoolean, anything, either, oneOf, type OptionKinds } from '@attn/core/backend';
import { someChunks, type TextChunks } from '../encode/chunks.ts';
import type { ChunkEmbeddings, Embeddings } from '../encode/encode.ts';
import { poolingModes, type Checked } from '../encode/options.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { POOLING_MODES, type Pooling } from '../sentence/pooling.ts';
import { PRECISIONS, type Precision } from '../sentence/quantize.ts';
import type { TextInput } from '../tokenizer.ts';
import { checkMakesVectors, encodeTexts, textVectorKinds, type TextVectorOptions } from './encode-texts.ts';
import { Features, joinFeatures } from './features.ts';
import type { Task, TaskRunner } from './task.ts';
import { readText, type TextPair } from './text-input.ts';

/** transformers.js' other names of ways of pooling. */
const OTHER_NAMES = { first_token: 'cls', last_token: 'lasttoken', eos: 'lasttoken' } as const;

/** How states become a vector: a way of `encode`, or by one of transformers.js' other names. */
export type FeaturePooling = Pooling | keyof typeof OTHER_NAMES;

/** Options of `feature-extraction`. */
export interface FeatureExtractionOptions extends TextVectorOptions {
  /**
   * How the states of a text become its vector. `first_token` is `cls`, `last_token` and `eos` are
   * `lasttoken`. Default: what the folder's modules say, in a folder of sentence-transformers; else `none`,
   * which keeps the states of all tokens.
   */
  readonly pooling?: FeaturePooling;
  /** Scale every vector to length 1, after all else. Default false, but a folder's modules may do it. */
  readonly normalize?: boolean;
  /** Whether the result is bytes or bits, of `precision`. Default false. */
  readonly quantize?: boolean;
  /** What `quantize` makes. Default `binary`. `int8` and `uint8` need `ranges`. */
  readonly precision?: Precision;
  /** [2, dimensions]: the least and the greatest value of each dimension, as of `rangesOf`. */
  readonly ranges?: Tensor;
  /** A vector for each chunk of a text, while the model sees the text as a whole: late chunking. */
  readonly chunks?: TextChunks;
}

type Texts = string | TextPair | readonly (string | TextPair)[];

/**
 * Computes features of texts, and of pairs `{ text, text_pair }`: [texts, dimensions] with pooling, [texts,
 * tokens of the longest, hidden] without. A single text is the first of one.
 */
export interface ExtractFeatures {
  (
    texts: Texts,
    options: FeatureExtractionOptions & { readonly quantize: true },
  ): Promise<Features<'int8' | 'uint8'>>;
  (
    texts: Texts,
    options?: FeatureExtractionOptions & { readonly quantize?: false },
  ): Promise<Features<'float32'>>;
  (texts: Texts, options?: FeatureExtractionOptions): Promise<Features>;
}

/** The task `feature-extraction`. */
export const featureExtraction: Task<TextInput, FeatureExtractionOptions, Features, ExtractFeatures> = {
  open: (runnable, where) => new FeatureExtractor(runnable, where),
  call(answer) {
    const extract = async (texts: Texts, options?: FeatureExtractionOptions): Promise<Features> =>
      joinFeatures(WHERE, await answer(Array.isArray(texts) ? texts : [texts], options));
    return extract as ExtractFeatures;
  },
};

const WHERE = 'models/feature-extraction';

class FeatureExtractor implements TaskRunner<TextInput, FeatureExtractionOptions, Features> {
  readonly kinds: OptionKinds<FeatureExtractionOptions>;
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    checkMakesVectors(where, runnable);
    this.runnable = runnable;
    this.where = where;
    this.kinds = {
      pooling: either(oneOf(...POOLING_MODES, 'none', ...Object.keys(OTHER_NAMES)), poolingModes),
      normalize: aBoolean,
      quantize: aBoolean,
      precision: oneOf(...PRECISIONS),
      ranges: anything,
      chunks: someChunks,
      ...textVectorKinds(runnable),
    };
  }

  read(value: unknown, name: string): TextInput {
    return readText(this.where, value, name);
  }

  async run(
    inputs: readonly TextInput[],
    { pooling, quantize = false, precision = 'binary', ...options }: Checked<FeatureExtractionOptions>,
  ): Promise<readonly Features[]> {
    if (quantize && precision.endsWith('int8') && options.ranges === undefined) {
      const message = `precision ${precision} needs the option ranges, else the bytes of a text depend on the other texts`;
      throw new AttnError('INVALID_ARGUMENT', this.where, message);
    }
    const { sentence } = this.runnable.settings;
    const ways = pooling === undefined ? {} : { pooling: poolingOf(pooling) };
    const result = await encodeTexts(this.where, this.runnable, inputs, {
      ...(sentence === undefined ? { pooling: 'none' as const } : {}),
      ...ways,
      ...(quantize && { quantize: precision }),
      ...options,
    });
    if ('embeddings' in result) return rowsOf(result);
    return result.states.map(({ shape, data }, i) => {
      const tokens = [result.tokens[i]];
      return new Features({ type: 'float32', dims: [1, ...shape], data, tokens });
    });
  }
}

function poolingOf(name: FeaturePooling): Pooling {
  return typeof name === 'string' && Object.hasOwn(OTHER_NAMES, name)
    ? OTHER_NAMES[name as keyof typeof OTHER_NAMES]
    : (name as Pooling);
}

/** The features of each text: its row, or those of its chunks. */
function rowsOf(result: Embeddings | ChunkEmbeddings): readonly Features[] {
  const { embeddings, quantized, tokens } = result;
  const { shape, data } = quantized ?? { ...embeddings, shape: embeddings.shape };
  const [, width] = shape;
  const chunks = 'chunks' in result ? result.chunks : undefined;
  let row = 0;
  return tokens.map((count, text) => {
    const own = chunks?.filter((chunk) => chunk.text === text);
    const rows = own?.length ?? 1;
    const part = {
      dims: [rows, width],
      tokens: [count],
      ...(own && { chunks: own.map((chunk) => ({ ...chunk, text: 0 })) }),
    };
    const values = data.slice(row * width, (row += rows) * width);
    if (values instanceof Int8Array) return new Features({ type: 'int8', data: values, ...part });
    if (values instanceof Uint8Array) return new Features({ type: 'uint8', data: values, ...part });
    return new Features({ type: 'float32', data: values as Float32Array, ...part });
  });
}
