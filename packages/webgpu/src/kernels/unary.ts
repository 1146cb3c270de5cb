/**
 * Functions of one number in WGSL. NaN in is NaN out. Compilers of shaders may assume that there are no NaN
 * and no infinities, so both are told apart by bits wherever arithmetic alone might lose them.
 */
import type { UnaryFunction } from '@attn/core/backend';

/** tanh: WGSL's own may overflow for large numbers and lose digits near 0. */
const TANH = `
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
 * Φ(−size) for size ≥ 0, with a = size / √2: half of erfc(a), by the rational Chebyshev fit of Numerical
 * Recipes, §6.2.2, whose relative error is below 1.2e-7 everywhere.
 */
const NORMAL_TAIL = `
fn normalTail(size: f32) -> f32 {
  let a = size * 0.70710678118654752;
  let t = 1.0 / (1.0 + 0.5 * a);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return 0.5 * t * exp(-a * a + p);
}`;

/** 1 / (1 + e⁻ˣ), from an exponential that cannot overflow. */
const SIGMOID = `
fn sigmoidOf(x: f32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return x; }
  if (x < -104.0) { return 0.0; }
  let e = exp(-min(abs(x), 104.0));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`;

const FUNCTIONS: Readonly<Record<UnaryFunction, string>> = {
  // By bits, where NaN is above −∞: compilers turn a choice by x < 0 into max(x, 0), which may lose NaN.
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
  sigmoid: `${SIGMOID}
fn activate(x: f32) -> f32 { return sigmoidOf(x); }`,
  silu: `${SIGMOID}
fn activate(x: f32) -> f32 {
  if (x < -104.0) { return 0.0; }
  return x * sigmoidOf(x);
}`,
  // Beyond these bounds the result is ∞ or 0 in f32; between them WGSL's own function is good.
  exp: `
fn activate(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return x; }
  if (x > 88.72284) { return bitcast<f32>((bits & 0x80000000u) | 0x7f800000u); }
  if (x < -104.0) { return 0.0; }
  return exp(x);
}`,
  square: `
fn activate(x: f32) -> f32 { return x * x; }`,
  // WGSL promises nothing for roots of zeros, of negative numbers and of infinities.
  rsqrt: `
fn activate(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return bitcast<f32>(bits | 0x7f800000u); }
  if (bits >= 0x7f800000u) { return bitcast<f32>(select(bits | 0x7fc00000u, 0u, bits == 0x7f800000u)); }
  return inverseSqrt(x);
}`,
};

/** All functions of one number. */
export const UNARY_NAMES: readonly UnaryFunction[] = Object.keys(FUNCTIONS) as UnaryFunction[];

/** Declares the function as `activate`. */
export function declareUnary(name: UnaryFunction): string {
  return FUNCTIONS[name];
}
