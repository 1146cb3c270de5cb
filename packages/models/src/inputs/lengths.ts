/** Checks the lengths of rows, and counts the positions of tokens. */
import { AttnError, type Tensor } from '@attn/core';
import { anything, aString, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import type { FixedCall } from '../model.ts';
import { readIntegerList } from './integers.ts';

/** Throws `INVALID_ARGUMENT` for rows of more than `most` tokens. */
export function checkLength(where: string, length: number, most: number): void {
  if (length <= most) return;
  throw new AttnError('INVALID_ARGUMENT', where, `length must be at most ${most}, got ${show(length)}`);
}

const FIXED: OptionKinds<FixedCall> = {
  batch: integer(1),
  length: integer(1),
  globalTokens: anything,
  task: aString,
};

/** Checks a call of `fixedGraph`. Errors: `INVALID_ARGUMENT`. */
export function checkFixedCall(where: string, call: FixedCall, maxLength: number): FixedCall {
  const { batch, length, globalTokens, ...rest } = checkOptions(where, call, FIXED, { name: 'the call' });
  for (const [name, value] of Object.entries({ batch, length })) {
    if (value === undefined)
      throw new AttnError('INVALID_ARGUMENT', where, `${name} must be a positive integer, got undefined`);
  }
  checkLength(where, length, maxLength);
  if (globalTokens === undefined) return { batch, length, ...rest };
  return {
    batch,
    length,
    ...rest,
    globalTokens: readIntegerList({ where, name: 'globalTokens' }, globalTokens, length),
  };
}

/**
 * Positions [B, N]. In each row, tokens whose id is not `skipped` are
 * counted from `first`; skipped tokens have position `first` - 1.
 */
export function countPositions(
  { shape, data }: Tensor<'i32'>,
  first: number,
  skipped?: number,
): Tensor<'i32'> {
  const [, length] = shape;
  const positions = new Int32Array(data.length);
  let next = first;
  for (let i = 0; i < data.length; i++) {
    if (i % length === 0) next = first;
    positions[i] = data[i] === skipped ? first - 1 : next++;
  }
  return { dtype: 'i32', shape, data: positions };
}
