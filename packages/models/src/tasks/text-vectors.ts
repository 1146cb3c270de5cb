/** One vector for each text as a list of numbers: what vector stores and other libraries take. */
import { AttnError } from '@attn/core';
import { aString, checkArgument, listOf, readEntries, show, type Kind } from '@attn/core/backend';
import type { FeatureExtractionOptions, FeaturePooling } from './feature-extraction.ts';
import type { Pipeline } from './pipeline.ts';

/** Options of `textVectors`: those of `feature-extraction` that give one vector for each text. */
export interface TextVectorsOptions extends Omit<FeatureExtractionOptions, 'pooling' | 'chunks'> {
  /** How the states of a text become its vector. Default: what the folder's modules say, else `mean`. */
  readonly pooling?: Exclude<FeaturePooling, 'none'>;
}

/** Vectors, and what they took. */
export interface TextVectors {
  /** The vector of each text, in their order. */
  readonly vectors: number[][];
  /** The number of tokens of all texts. */
  readonly tokens: number;
}

const WHERE = 'models/textVectors';

const texts = listOf(aString, 'a list of texts');

const anExtractor: Kind = {
  expected: 'a pipeline for feature-extraction',
  test: (value) =>
    typeof value === 'function' && (value as Pipeline<'feature-extraction'>).task === 'feature-extraction',
};

/**
 * Computes one vector for each text, as lists of numbers: what vector stores and other libraries take.
 *
 * Errors: `INVALID_ARGUMENT` (also for options that give none, or several), and those of the pipeline.
 *
 * @example
 * const extract = await pipeline('feature-extraction', 'models/all-MiniLM-L6-v2', { attn });
 * const { vectors } = await textVectors(extract, ['Call me Ishmael.', 'Some years ago'], { as: 'document' });
 */
export async function textVectors(
  extract: Pipeline<'feature-extraction'>,
  inputs: readonly string[],
  options: TextVectorsOptions = {},
): Promise<TextVectors> {
  checkArgument(WHERE, 'extract', extract, anExtractor);
  checkArgument(WHERE, 'inputs', inputs, texts);
  const own: Omit<FeatureExtractionOptions, 'quantize'> = Object.fromEntries(
    readEntries(WHERE, 'options', options),
  );
  const { pooling, chunks } = own;
  if (pooling === 'none' || chunks !== undefined) {
    const message = `each text has one vector, so pooling must not be "none" and chunks must be absent, got ${show(pooling === 'none' ? pooling : chunks)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const hasModules = extract.model.settings.sentence !== undefined;
  const features = await extract(Array.from(inputs), hasModules ? own : { pooling: 'mean', ...own });
  return {
    vectors: features.tolist(),
    tokens: features.tokens.reduce((sum, count) => sum + count, 0),
  };
}
