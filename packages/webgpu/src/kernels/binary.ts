/** Functions of two numbers in WGSL. */
import type { BinaryOp } from '@attn/core/backend';

/** The text of a function of two numbers. */
interface BinaryText {
  /** A function that the expression calls. */
  readonly declaration?: string;
  expression(a: string, b: string): string;
}

/** WGSL's `max` and `min` may take either operand where one is NaN, so a test of the bits comes first. */
const choose = (name: 'max' | 'min'): BinaryText => ({
  declaration: `
fn ${name}Of(a: f32, b: f32) -> f32 {
  if ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) { return a; }
  if ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u) { return b; }
  return ${name}(a, b);
}`,
  expression: (a, b) => `${name}Of(${a}, ${b})`,
});

/**
 * WGSL promises an accuracy for divisors in [2⁻¹²⁶, 2¹²⁶] only, and nothing for zeros and infinities. So
 * zeros, infinities and NaN have branches of their own, and a larger divisor is divided by 4 first, as is the
 * dividend.
 */
const DIVIDE = `
fn divide(a: f32, b: f32) -> f32 {
  let sizeA = bitcast<u32>(a) & 0x7fffffffu;
  let sizeB = bitcast<u32>(b) & 0x7fffffffu;
  if (sizeA > 0x7f800000u) { return a; }
  if (sizeB > 0x7f800000u) { return b; }
  let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
  if (sizeB == 0u || sizeA == 0x7f800000u) {
    return bitcast<f32>(sign | select(0x7f800000u, 0x7fc00000u, sizeA == sizeB));
  }
  if (sizeB == 0x7f800000u) { return bitcast<f32>(sign); }
  let scale = select(1.0, 0.25, sizeB >= 0x7e800000u);
  return (a * scale) / (b * scale);
}`;

const FUNCTIONS: Readonly<Record<BinaryOp, BinaryText>> = {
  add: { expression: (a, b) => `${a} + ${b}` },
  sub: { expression: (a, b) => `${a} - ${b}` },
  mul: { expression: (a, b) => `${a} * ${b}` },
  div: { declaration: DIVIDE, expression: (a, b) => `divide(${a}, ${b})` },
  max: choose('max'),
  min: choose('min'),
};

/** All functions of two numbers. */
export const BINARY_NAMES: readonly BinaryOp[] = Object.keys(FUNCTIONS) as BinaryOp[];

/** Declares what the expression of `combine` calls. */
export function declareBinary(op: BinaryOp): string {
  return FUNCTIONS[op].declaration ?? '';
}

/** The expression of op(a, b). */
export function combine(op: BinaryOp, a: string, b: string): string {
  return FUNCTIONS[op].expression(a, b);
}
