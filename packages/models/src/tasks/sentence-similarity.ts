/** `sentence-similarity`: how alike texts are, by the measure of the folder's files. */
import { AttnError, f32, type Tensor } from '@attn/core';
import {
  aString,
  checkArgument,
  checkOptions,
  either,
  listOf,
  oneOf,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import type { Embeddings } from '../encode/encode.ts';
import { poolingModes, type Checked } from '../encode/options.ts';
import { hasField } from '../inputs/entries.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { POOLING_MODES, type PoolingMode } from '../sentence/pooling.ts';
import { similarity } from '../sentence/similarity.ts';
import { checkMakesVectors, encodeTexts, textVectorKinds, type TextVectorOptions } from './encode-texts.ts';
import type { Task, TaskRunner } from './task.ts';
import type { TextPair } from './text-input.ts';

/** Options of `sentence-similarity`. A prompt stands before all texts. */
export interface SentenceSimilarityOptions extends TextVectorOptions {
  /** How the states of a text become its vector. Default: what the folder's modules say, else `mean`. */
  readonly pooling?: PoolingMode | readonly PoolingMode[];
}

/** A text, and others that are compared with it. */
export interface SentenceComparison {
  readonly source_sentence: string;
  readonly sentences: readonly string[];
}

/** Two texts that are compared. */
export type SimilarityPair = Required<TextPair>;

/**
 * Says how alike texts are, the greater the more: a score for each of `sentences`, or one score for a pair
 * `{ text, text_pair }`. Many inputs have a list of these.
 */
export interface CompareSentences {
  (input: SentenceComparison, options?: SentenceSimilarityOptions): Promise<number[]>;
  (pair: SimilarityPair, options?: SentenceSimilarityOptions): Promise<number>;
  (inputs: readonly SentenceComparison[], options?: SentenceSimilarityOptions): Promise<number[][]>;
  (pairs: readonly SimilarityPair[], options?: SentenceSimilarityOptions): Promise<number[]>;
}

/** An input, checked. */
interface Comparison {
  readonly source: string;
  readonly others: readonly string[];
  readonly isPair: boolean;
}

const COMPARISON: OptionKinds<SentenceComparison> = {
  source_sentence: aString,
  sentences: listOf(aString, 'a list of texts'),
};

const PAIR: OptionKinds<TextPair> = { text: aString, text_pair: aString };

/** The task `sentence-similarity`. */
export const sentenceSimilarity: Task<
  Comparison,
  SentenceSimilarityOptions,
  number | readonly number[],
  CompareSentences
> = {
  open: (runnable, where) => new SentenceComparer(runnable, where),
  call(answer) {
    const compare = async (inputs: unknown, options?: SentenceSimilarityOptions): Promise<unknown> =>
      Array.isArray(inputs) ? answer(inputs, options) : (await answer([inputs], options))[0];
    return compare as CompareSentences;
  },
};

class SentenceComparer implements TaskRunner<
  Comparison,
  SentenceSimilarityOptions,
  number | readonly number[]
> {
  readonly kinds: OptionKinds<SentenceSimilarityOptions>;
  private readonly runnable: RunnableModel;
  private readonly where: string;

  constructor(runnable: RunnableModel, where: string) {
    checkMakesVectors(where, runnable);
    this.runnable = runnable;
    this.where = where;
    this.kinds = { pooling: either(oneOf(...POOLING_MODES), poolingModes), ...textVectorKinds(runnable) };
  }

  read(value: unknown, name: string): Comparison {
    const { where } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const message = `${name} must be { source_sentence, sentences } or { text, text_pair }, got ${show(value)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    if (hasField(value, 'text') || hasField(value, 'text_pair')) {
      const pair = checkOptions(where, value as SimilarityPair, PAIR, { name });
      const text = checkArgument(where, `text of ${name}`, pair.text, aString);
      const other = checkArgument(where, `text_pair of ${name}`, pair.text_pair, aString);
      return { source: text, others: [other], isPair: true };
    }
    const input = checkOptions(where, value as SentenceComparison, COMPARISON, { name });
    const source = checkArgument(where, `source_sentence of ${name}`, input.source_sentence, aString);
    const others = checkArgument(where, `sentences of ${name}`, input.sentences, COMPARISON.sentences);
    return { source, others: Array.from(others), isPair: false };
  }

  async run(
    inputs: readonly Comparison[],
    options: Checked<SentenceSimilarityOptions>,
  ): Promise<readonly (number | readonly number[])[]> {
    const { settings } = this.runnable;
    // Each text is encoded once, however often it is compared.
    const rows = new Map<string, number>();
    const rowOf = (text: string): number => {
      const row = rows.get(text) ?? rows.size;
      rows.set(text, row);
      return row;
    };
    const compared = inputs.map(({ source, others }) => [[rowOf(source)], others.map(rowOf)]);
    const texts = Array.from(rows.keys(), (text) => ({ text }));
    const encoded = await encodeTexts(this.where, this.runnable, texts, options);
    const { embeddings } = encoded as Embeddings; // the kinds of the options have no `none`
    return compared.map(([source, others], i) => {
      const [a, b] = [rowsAt(embeddings, source), rowsAt(embeddings, others)];
      const { data } = similarity(a, b, settings.sentence?.similarity);
      return inputs[i].isPair ? data[0] : Array.from(data);
    });
  }
}

/** These rows of a matrix. */
function rowsAt({ shape: [, width], data }: Tensor<'f32'>, rows: readonly number[]): Tensor<'f32'> {
  const picked = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) picked.set(data.subarray(row * width, (row + 1) * width), i * width);
  return f32([rows.length, width], picked);
}
