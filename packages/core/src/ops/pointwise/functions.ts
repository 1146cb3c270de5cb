/** The functions of the table that are more than a line. */
import { erfc } from './erf.ts';

/** x · Φ(x) with the normal distribution's Φ. Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415 */
export function gelu(x: number): number {
  return x === -Infinity ? 0 : 0.5 * x * erfc(-x * Math.SQRT1_2);
}

/** The approximation of `gelu` by tanh, from the paper that has `gelu`. */
export function geluTanh(x: number): number {
  if (x === -Infinity) return 0;
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** 1 / (1 + e⁻ˣ). Where e⁻ˣ overflows, the quotient is 0, as it should be. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** x · sigmoid(x), which is 0 at −∞. */
export function silu(x: number): number {
  return x === -Infinity ? 0 : x / (1 + Math.exp(-x));
}
