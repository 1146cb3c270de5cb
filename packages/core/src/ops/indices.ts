/**
 * Data check of the ops that read by index. An index out of range would read foreign memory in a kernel, so
 * the executor checks it before any kernel of `embedding`, `gather` or `expertLinear` runs; kernels rely on
 * that and never check again.
 */
import { show } from '../errors.ts';
import type { Shaped } from './attention/spec.ts';
import type { OpName } from './op-name.ts';
import { fail } from './validate.ts';

/** Throws `INVALID_ARGUMENT` unless every index is an integer in [0, limit). */
export function checkIndices(op: OpName, name: string, indices: ArrayLike<number>, limit: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (!(index >= 0 && index < limit)) {
      fail('INVALID_ARGUMENT', op, `${name} must be in [0, ${limit}), got ${show(index)} at position ${i}`);
    }
  }
}

/** Throws `INVALID_ARGUMENT` unless every row (last axis) is a permutation of 0 … length − 1. */
export function checkOrders(
  op: OpName,
  name: string,
  { shape, data }: Shaped & { readonly data: ArrayLike<number> },
): void {
  const length = shape[shape.length - 1];
  /** By index: the last row that holds it, counted from 1. */
  const lastRow = new Uint32Array(length);
  for (let at = 0; at < data.length; at++) {
    const row = Math.floor(at / length) + 1;
    const index = data[at];
    if (!(index >= 0 && index < length) || lastRow[index] === row) {
      const place = `got ${show(index)}${lastRow[index] === row ? ' twice' : ''} in row ${row - 1}`;
      fail('INVALID_ARGUMENT', op, `each row of ${name} must be a permutation of [0, ${length}), ${place}`);
    }
    lastRow[index] = row;
  }
}
