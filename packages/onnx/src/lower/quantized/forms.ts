/** Which operators a product with codes is written in. `run/predict.ts` imports this file early. */
import type { CodeFormat } from '@attn/core';
import { greatestOf, middleOf } from '@attn/core/backend';

/** What a product depends on. */
export interface MatrixForm extends CodeFormat {
  readonly length: number;
  /** Blocks of a row. */
  readonly blocks: number;
  readonly hasZeroPoints: boolean;
  /** Whether all of the matrix is known when the graph is compiled. */
  readonly isConstant: boolean;
}

/** The blocks of MatMulNBits: powers of two. Of longer ones, some versions give zeros. */
const LEAST_BLOCK = 16;
const MOST_BLOCK = 256;

/** Sums of products of bytes must stay below this. */
export const MOST_SUM: number = 2 ** 31;

/**
 * Whether a matrix is one for MatMulNBits. Codes of 8 bits are not: there it makes all numbers at each run,
 * too, and takes several times as long for that as DequantizeLinear.
 */
export function isForMatMulNBits({ bits, block, isConstant }: MatrixForm): boolean {
  const isPowerOfTwo = Number.isInteger(Math.log2(block));
  return bits === 4 && isConstant && isPowerOfTwo && block >= LEAST_BLOCK && block <= MOST_BLOCK;
}

/** Whether integers are multiplied as bytes: there is one scale for each row, and no sum is too large. */
export function isForBytes(matrix: MatrixForm): boolean {
  return matrix.blocks === 1 && greatestOf('int8') * mostCode(matrix) * matrix.length < MOST_SUM;
}

/** The greatest magnitude of code − zero point. */
export function mostCode({ bits, hasZeroPoints }: MatrixForm): number {
  return hasZeroPoints ? 2 ** bits - 1 : middleOf(bits);
}
