/** Functions of the attention kernel: rows of q, k and v, and what may not be a number. */
import type { AttentionOptions } from './options.ts';

/** A vector of 4 columns out of the row that begins at `row`, 0 behind its end. */
const vectorOf = (name: string, dim: string, isWhole: boolean): string => `
fn load_${name}(row: u32, vector: u32) -> vec4f {
${
  isWhole
    ? `  return vec4f(${name}[row / 4u + vector]);`
    : `  var value = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (vector * 4u + i < params.${dim}) { value[i] = f32(${name}[row + vector * 4u + i]); }
  }
  return value;`
}
}`;

/** Declares them. */
export function declareHelpers({ wholeHeads, wholeValues }: AttentionOptions): string {
  return `${vectorOf('q', 'headDim', wholeHeads)}
${vectorOf('k', 'headDim', wholeHeads)}
${vectorOf('v', 'valueDim', wholeValues)}

// In functions, because constants may not be infinite or NaN.
fn minusInfinity() -> f32 { return bitcast<f32>(0xff800000u | (params.headDim & 0u)); }
fn nan() -> f32 { return bitcast<f32>(0x7fc00000u | (params.headDim & 0u)); }
fn isOdd(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }
fn isNaN_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn areOdd(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }
fn anyOdd(x: vec4f) -> bool { return any(areOdd(x)); }`;
}
