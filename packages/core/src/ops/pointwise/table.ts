/**
 * Pointwise ops: functions of one number and of two, applied to every element. All that core knows of them
 * follows from the rows here: specs and shapes (`definition.ts`), references (`reference.ts`), methods of
 * `GraphBuilder`, the activations of `linear`, the CPU's kernels, and how far off a backend may be in the
 * conformance suite.
 *
 * All backends do alike:
 *
 * - **Precision.** Everything is computed in f32 at least. Halves are widened first; the result is rounded to
 *   the nearest half once, ties to even. Results beyond the largest number of the dtype are ±∞.
 * - **NaN.** NaN in is NaN out, in every op: also in `max` and `min` (as `maximum` and `minimum` of IEEE
 *   754-2019), and in `relu`.
 * - **Infinities.** They follow IEEE arithmetic: ∞ − ∞, 0 · ∞, 0 / 0 and ∞ / ∞ are NaN, and x / 0 is ±∞ for
 *   any other x. A function has its limit there: `sigmoid`, `silu`, `gelu` and `exp` of −∞ are 0.
 * - **Zeros.** The sign of a zero that is read counts: 1 / −0 and `rsqrt(−0)` are −∞. The sign of a zero that
 *   is returned is left open.
 * - **Subnormal numbers.** A result below 2⁻¹²⁶ may be 0. An operand below it may be read as 0 of its sign.
 *
 * A row that is added here does not compile before every backend has a kernel for it and knows its cost.
 */
import { gelu, geluTanh, sigmoid, silu } from './functions.ts';

/**
 * Functions of one number. `flops` is the work of an element, in operations. `fuses` says whether `linear`
 * can apply the function to its sums: then it is an `Activation`. The comments are those of the methods of
 * `GraphBuilder`.
 */
export const UNARY = {
  gelu: { flops: 12, fuses: true },
  gelu_tanh: { flops: 12, fuses: true },
  /** max(x, 0). */
  relu: { flops: 1, fuses: true },
  /** The hyperbolic tangent. */
  tanh: { flops: 8, fuses: true },
  /**
   * x · sigmoid(x), also called swish. Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415
   *
   * @example
   * const [gate, up] = [builder.linear(x, weight), builder.linear(x, weight)];
   * const gated = builder.mul(builder.silu(gate), up); // SwiGLU
   */
  silu: { flops: 10, fuses: true },
  /**
   * 1 / (1 + e⁻ˣ), between 0 and 1.
   *
   * @example
   * const gate = builder.sigmoid(builder.linear(x, weight));
   */
  sigmoid: { flops: 9, fuses: true },
  /**
   * eˣ; ∞ from about 88.7 on, where f32 ends.
   *
   * @example
   * const decay = builder.exp(builder.mul(x, builder.constant(f32([1], [-0.5]))));
   */
  exp: { flops: 7, fuses: false },
  /**
   * x · x.
   *
   * @example
   * const energy = builder.reduce(builder.square(x), -1, 'mean');
   */
  square: { flops: 1, fuses: false },
  /**
   * 1 / √x; NaN for x < 0, ±∞ for ±0.
   *
   * @example
   * const energy = builder.reduce(builder.square(x), -1, 'mean');
   * const scale = builder.rsqrt(builder.add(energy, builder.constant(f32([1], [1e-6])))); // RMSNorm
   */
  rsqrt: { flops: 2, fuses: false },
} as const;

/** Functions of two numbers, whose shapes broadcast like NumPy's. */
export const BINARY = {
  /** a + b, broadcast. */
  add: { flops: 1 },
  /**
   * a − b, broadcast.
   *
   * @example
   * const mean = builder.reshape(builder.reduce(x, -1, 'mean'), [2, 1]);
   * const centred = builder.sub(x, mean);
   */
  sub: { flops: 1 },
  /** a · b element by element, broadcast. */
  mul: { flops: 1 },
  /**
   * a / b element by element, broadcast; division by 0 as IEEE has it.
   *
   * @example
   * const mean = builder.div(builder.reduce(x, -1, 'sum'), builder.constant(f32([1], [3])));
   */
  div: { flops: 1 },
  /**
   * The greater of a and b, broadcast; NaN where either is NaN.
   *
   * @example
   * const clipped = builder.max(x, builder.constant(f32([1], [-1])));
   */
  max: { flops: 1 },
  /**
   * The lesser of a and b, broadcast; NaN where either is NaN.
   *
   * @example
   * const clipped = builder.min(x, builder.constant(f32([1], [1])));
   */
  min: { flops: 1 },
} as const;

/** A function of one number. The op `gelu` is two of them. */
export type UnaryFunction = keyof typeof UNARY;

/** An op of one operand `x`. */
export type UnaryOp = Exclude<UnaryFunction, 'gelu_tanh'>;

/** An op of two operands, `a` and `b`. */
export type BinaryOp = keyof typeof BINARY;

/** An op that computes each element by itself. */
export type PointwiseOp = UnaryOp | BinaryOp;

/** A function that `linear` applies to its sums. */
export type Activation = {
  [K in UnaryFunction]: (typeof UNARY)[K]['fuses'] extends true ? K : never;
}[UnaryFunction];

/** Attributes of `gelu`. */
export interface GeluAttributes {
  /** `none`: x · Φ(x), by the error function. `tanh`: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
  readonly approximate: 'none' | 'tanh';
}

/**
 * How far from the exact value a backend may compute an element, before it rounds it once to store it:
 *
 * - `exact`: not at all. The result is one of the operands, or the sum, difference or product of two.
 * - `value`: a few units in the last place of the result.
 * - `power`: that, and more in proportion to |x|, since kernels compute 2^(x · log₂e) with a rounded product.
 * - `one`: a few units in the last place of 1, for functions with values in [−1, 1].
 * - `argument`: a few units in the last place of x, for x times a number in [0, 1].
 */
export type Accuracy = 'exact' | 'value' | 'power' | 'one' | 'argument';

/** What a function of one number means. */
export interface UnaryMeaning {
  /** The function in float64. */
  readonly f: (x: number) => number;
  readonly accuracy: Accuracy;
  /** The greatest |f′|, rounded up, where f rises and falls; a monotonic function does without. */
  readonly slope?: number;
}

/** The meaning of each function of one number. Applications leave it out of their bundles. */
export const UNARY_MEANING: Readonly<Record<UnaryFunction, UnaryMeaning>> = {
  gelu: { f: gelu, accuracy: 'argument', slope: 1.13 },
  gelu_tanh: { f: geluTanh, accuracy: 'argument', slope: 1.13 },
  relu: { f: (x) => (x < 0 ? 0 : x), accuracy: 'exact' },
  tanh: { f: Math.tanh, accuracy: 'one' },
  silu: { f: silu, accuracy: 'argument', slope: 1.1 },
  sigmoid: { f: sigmoid, accuracy: 'one' },
  exp: { f: Math.exp, accuracy: 'power' },
  square: { f: (x) => x * x, accuracy: 'exact' },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), accuracy: 'value' },
};

/** What a function of two numbers means. */
export interface BinaryMeaning {
  /** The function in float64. `Math.max` and `Math.min` are NaN where an operand is. */
  readonly f: (a: number, b: number) => number;
  readonly accuracy: 'exact' | 'value';
}

/** The meaning of each function of two numbers. */
export const BINARY_MEANING: Readonly<Record<BinaryOp, BinaryMeaning>> = {
  add: { f: (a, b) => a + b, accuracy: 'exact' },
  sub: { f: (a, b) => a - b, accuracy: 'exact' },
  mul: { f: (a, b) => a * b, accuracy: 'exact' },
  div: { f: (a, b) => a / b, accuracy: 'value' },
  max: { f: Math.max, accuracy: 'exact' },
  min: { f: Math.min, accuracy: 'exact' },
};
