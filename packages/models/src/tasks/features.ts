/** Vectors of texts, or states of their tokens, in the shape of transformers.js' `Tensor`. */
import { AttnError } from '@attn/core';
import type { TextChunk } from '../encode/chunks.ts';

/** Most numbers of a list of padded states: 4 GiB of float32. */
const MOST = 2 ** 30;

/** The type of the numbers, by transformers.js' names. */
export type FeatureType = 'float32' | 'int8' | 'uint8';

/** The numbers of each type. */
export interface FeatureData {
  readonly float32: Float32Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
}

const ARRAYS: { readonly [T in FeatureType]: new (length: number) => FeatureData[T] } = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
};

type Parts<T extends FeatureType> = Pick<Features<T>, 'type' | 'dims' | 'data' | 'tokens' | 'chunks'>;

/**
 * Vectors of texts or states of their tokens, with the fields that a `Tensor` of transformers.js has.
 * `JSON.stringify` writes `data` as a list.
 */
export class Features<T extends FeatureType = FeatureType> {
  readonly type: T;
  /**
   * [texts, dimensions]; [chunks, dimensions] with the option `chunks`; [texts, bytes] of bits; [texts,
   * tokens of the longest, hidden] of states.
   */
  readonly dims: readonly number[];
  /** All numbers, row by row. States behind the last token of a shorter text are zeros. */
  readonly data: FeatureData[T];
  /** The number of tokens of each text, special ones included. */
  readonly tokens: readonly number[];
  /** The chunk of each row, with the option `chunks`. */
  readonly chunks?: readonly TextChunk[];

  constructor({ type, dims, data, tokens, chunks }: Parts<T>) {
    this.type = type;
    this.dims = dims;
    this.data = data;
    this.tokens = tokens;
    if (chunks !== undefined) this.chunks = chunks;
  }

  /**
   * The numbers as lists in lists, as deep as there are `dims`: `tolist<number[][][]>()` says so for states.
   *
   * @example
   * const [vector] = (await extract('Call me Ishmael.', { pooling: 'mean' })).tolist();
   */
  tolist<List extends number[][] | number[][][] = number[][]>(): List {
    return nested(this.data, this.dims, 0) as List;
  }

  /** What `JSON.stringify` writes. */
  toJSON(): Omit<Parts<T>, 'data'> & { readonly data: readonly number[] } {
    return { ...this, data: Array.from(this.data) };
  }
}

function nested(data: FeatureData[FeatureType], dims: readonly number[], start: number): unknown[] {
  const [count, ...inner] = dims;
  const size = inner.reduce((product, extent) => product * extent, 1);
  if (inner.length === 0) return Array.from(data.subarray(start, start + count));
  return Array.from({ length: count }, (_, i) => nested(data, inner, start + i * size));
}

/**
 * The features of many texts as one: vectors one below the other, states in rows that are padded with zeros.
 * Errors: `INVALID_ARGUMENT` where padded rows are too many numbers.
 */
export function joinFeatures(where: string, all: readonly Features[]): Features {
  if (all.length === 0)
    return new Features({ type: 'float32', dims: [0, 0], data: new Float32Array(0), tokens: [] });
  if (all.length === 1) return all[0];
  const { type, dims } = all[0];
  const tokens = all.flatMap((each) => each.tokens);
  const width = dims[dims.length - 1];
  const rows = dims.length === 2 ? all.reduce((sum, each) => sum + each.dims[0], 0) : all.length;
  const longest = dims.length === 2 ? 1 : Math.max(...tokens);
  if (rows * longest * width > MOST) {
    const message = `the states of ${rows} texts in rows of the longest one's ${longest} tokens are too many numbers (${rows * longest * width}): take texts one by one, with stream`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const data = new ARRAYS[type](rows * longest * width);
  let at = 0;
  for (const each of all) {
    data.set(each.data, at);
    at += dims.length === 2 ? each.data.length : longest * width;
  }
  const chunks = all.flatMap((each, text) => (each.chunks ?? []).map((chunk) => ({ ...chunk, text })));
  return new Features({
    type,
    dims: dims.length === 2 ? [rows, width] : [rows, longest, width],
    data,
    tokens,
    ...(all[0].chunks && { chunks }),
  });
}
