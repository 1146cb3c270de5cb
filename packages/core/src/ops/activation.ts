/** The scalar activations: ops of their own, and fused after `linear`. */
import { AttnError } from '../errors.ts';
import { unknownName } from '../check/nearest-name.ts';
import { erfc } from './gelu/erf.ts';

/** Fused after `linear`. */
export type Activation = 'gelu' | 'gelu_tanh' | 'relu' | 'tanh';

/** All fused activations. */
export const ACTIVATIONS: readonly Activation[] = ['gelu', 'gelu_tanh', 'relu', 'tanh'];

/** x · Φ(x) with the normal distribution's Φ. Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415 */
export function gelu(x: number): number {
  return x === -Infinity ? 0 : 0.5 * x * erfc(-x * Math.SQRT1_2);
}

/** The tanh approximation of `gelu`, from the same paper. */
export function geluTanh(x: number): number {
  if (x === -Infinity) return 0;
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** max(x, 0); NaN stays NaN. */
export function relu(x: number): number {
  return x < 0 ? 0 : x;
}

/** An activation by name; none is the identity. Errors: `INVALID_ARGUMENT`. */
export function activationFunction(activation: Activation | undefined): (x: number) => number {
  switch (activation) {
    case undefined:
      return (x) => x;
    case 'gelu':
      return gelu;
    case 'gelu_tanh':
      return geluTanh;
    case 'relu':
      return relu;
    case 'tanh':
      return Math.tanh;
    default:
      activation satisfies never;
      throw new AttnError(
        'INVALID_ARGUMENT',
        'core/activation',
        unknownName('activation', activation, ACTIVATIONS),
      );
  }
}
