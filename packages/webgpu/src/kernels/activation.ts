/** Activations in WGSL. NaN in is NaN out. */
import type { Activation } from '@attn/core';

/**
 * tanh: WGSL's own may overflow for large numbers and lose digits near 0.
 */
export const TANH = `
fn tanhOf(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
  let size = abs(x);
  if (size < 0.1) {
    let z = x * x;
    return x + x * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885)));
  }
  if (size > 10.0) { return sign(x); }
  let e = exp(2.0 * size);
  let y = 1.0 - 2.0 / (e + 1.0);
  return select(y, -y, x < 0.0);
}`;

/**
 * Φ(−size) for size ≥ 0, with a = size / √2: half of erfc(a), by the rational Chebyshev fit of Numerical Recipes, §6.2.2,
 * whose relative error is below 1.2e-7 everywhere.
 */
const NORMAL_TAIL = `
fn normalTail(size: f32) -> f32 {
  let a = size * 0.70710678118654752;
  let t = 1.0 / (1.0 + 0.5 * a);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return 0.5 * t * exp(-a * a + p);
}`;

const FUNCTIONS: Readonly<Record<Activation, string>> = {
  // By bits, those of NaN being above those of −∞: compilers take a choice by x < 0 for max(x, 0), which may lose NaN.
  relu: `
fn activate(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  return bitcast<f32>(select(bits, 0u, bits > 0x80000000u && bits <= 0xff800000u));
}`,
  tanh: `${TANH}
fn activate(x: f32) -> f32 { return tanhOf(x); }`,
  gelu: `${NORMAL_TAIL}
fn activate(x: f32) -> f32 {
  if (x < -16.0) { return 0.0; }
  let tail = normalTail(abs(x));
  return x * select(tail, 1.0 - tail, x > 0.0);
}`,
  gelu_tanh: `${TANH}
fn activate(x: f32) -> f32 {
  if (x < -16.0) { return 0.0; }
  return 0.5 * x * (1.0 + tanhOf(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}`,
};

/** Declares `activate`. */
export function declareActivation(kind: Activation): string {
  return FUNCTIONS[kind];
}
