/** Error bounds of functions of one number: what an error of x becomes, and what the function itself may be off by. */
import type { Activation } from '@attn/core';
import { ELEMENTARY } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

/** The largest slope of gelu and of its tanh approximation, rounded up. */
const GELU_SLOPE = 1.13;

/** Error after an activation of x, which is off by `error`. */
export function activationError(activation: Activation | undefined, x: number, error: number): number {
  if (!Number.isFinite(x)) return 0; // ±∞ is not off, and what becomes of it is exact
  switch (activation) {
    case undefined:
    case 'relu':
      return error;
    case 'tanh':
      return tanhSpread(x, error) + ELEMENTARY;
    case 'gelu':
    case 'gelu_tanh': // both are x · (a value in [0, 1] that comes from erf or tanh)
      return GELU_SLOPE * error + Math.abs(x) * ELEMENTARY;
    default:
      return activation satisfies never;
  }
}

/** How far tanh can move when x moves by `error`; little where it is saturated. */
export function tanhSpread(x: number, error: number): number {
  return Math.max(Math.tanh(x + error) - Math.tanh(x), Math.tanh(x) - Math.tanh(x - error));
}

export const tanhError: ErrorRule<'tanh'> = ({ x }) => [
  x.data.map((value) => activationError('tanh', value, 0)),
];

export const geluError: ErrorRule<'gelu'> = ({ x }) => [
  x.data.map((value) => activationError('gelu', value, 0)),
];
