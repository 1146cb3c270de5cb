/** Vectors of which most numbers are 0. */
import { AttnError, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import { hasField, type InputName } from '../inputs/entries.ts';
import { kindOf } from '../kind-of.ts';

/** The numbers of a vector that are not 0. */
export interface SparseVector {
  /** The places of the numbers, rising. Those of a SPLADE vector are ids of tokens. */
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** Reads sparse vectors. Errors: `INVALID_ARGUMENT`. */
export function readSparseVectors(
  { where, name }: InputName,
  value: readonly unknown[],
): readonly SparseVector[] {
  return value.map((vector, i) => {
    if (isSparse(vector)) return vector;
    const message = `${name}[${i}] must be a vector { indices, values } of one length with rising indices, got ${show(vector)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  });
}

function isSparse(value: unknown): value is SparseVector {
  if (!hasField(value, 'indices') || !hasField(value, 'values')) return false;
  if (kindOf(value.indices) !== 'Int32Array' || kindOf(value.values) !== 'Float32Array') return false;
  const { indices, values } = value as SparseVector;
  return indices.length === values.length && indices.every((index, i) => i === 0 || index > indices[i - 1]);
}

/** The sparse vectors of the rows of a matrix; at most so many of the greatest numbers of each. */
export function sparseRows(
  { shape: [rows, width], data }: Tensor<'f32'>,
  most: number = Infinity,
): readonly SparseVector[] {
  return Array.from({ length: rows }, (_, row) => {
    const vector = data.subarray(row * width, (row + 1) * width);
    const places = Array.from(vector.keys()).filter((i) => vector[i] !== 0);
    const rest =
      places.length <= most
        ? places
        : places
            .toSorted((a, b) => vector[b] - vector[a] || a - b)
            .slice(0, most)
            .toSorted((a, b) => a - b);
    return { indices: Int32Array.from(rest), values: Float32Array.from(rest, (i) => vector[i]) };
  });
}
