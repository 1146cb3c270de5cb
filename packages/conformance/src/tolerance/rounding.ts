/**
 * The constants that every tolerance is made of. Nothing here is tuned to make a backend pass: the bounds are
 * what float32 arithmetic guarantees (Higham, "Accuracy and Stability of Numerical Algorithms", ch. 3), with
 * room for the freedoms that backends legitimately use: any order of summation, fused multiply–adds, factors
 * folded into q, base-2 exponentials, and elementary functions that are good but not correctly rounded.
 */
import { type DType } from '@attn/core';
import { halfToNumber, numberToHalf } from '@attn/core/backend';

/** Largest relative error of one rounding to float32. */
export const UNIT: number = 2 ** -24;

/** An absolute error that is always allowed: results below the smallest normal number may be flushed to 0. */
export const TINY: number = 2 ** -126;

/**
 * Absolute error allowed in erf, tanh and sigmoid, with values in [−1, 1]: 8 units in the last place of 1.
 */
export const ELEMENTARY: number = 2 ** -21;

/**
 * Relative error allowed in exp(x) beyond that of its argument: 8 units, and 4 more for each unit of |x|,
 * since kernels compute 2^(x · log₂e) and that product is rounded (WGSL allows 3 + 2·|x| units in the last
 * place, which is no more).
 */
export function expError(x: number): number {
  return (8 + 4 * Math.abs(x)) * UNIT;
}

/**
 * γₙ = n·u / (1 − n·u): |computed − exact| ≤ γₙ · Σ|terms| for a sum of n rounded terms added up in any
 * order.
 */
export function gamma(n: number): number {
  return (n * UNIT) / (1 - n * UNIT);
}

/** Error of storing a value in a dtype. Integers are exact. */
export function storageError(dtype: DType, value: number): number {
  if (!Number.isFinite(value)) return 0;
  if (dtype === 'f32') return Math.abs(value) * UNIT + TINY;
  if (dtype === 'f16') return Math.abs(value) * 2 ** -11 + 2 ** -24;
  return 0;
}

/**
 * Error of storing a value that is off by `before`: none where the value is exact and the dtype has it, but
 * for subnormal numbers.
 */
export function storedError(dtype: DType, value: number, before: number): number {
  if (before === 0 && (value === 0 || Math.abs(value) >= TINY) && isStored(dtype, value)) return 0;
  return storageError(dtype, Math.abs(value) + before);
}

function isStored(dtype: DType, value: number): boolean {
  if (dtype === 'f16') return halfToNumber(numberToHalf(value)) === value;
  return dtype !== 'f32' || Math.fround(value) === value;
}
