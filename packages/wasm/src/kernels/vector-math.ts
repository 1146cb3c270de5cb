/** Functions of four numbers at once, to f32 accuracy. NaN in is NaN out. */
import { erf } from '@attn/core/backend';
import { f32x4, i32x4, v128, type FunctionBuilder, type Local, type V128 } from '../assembler/index.ts';
import { multiplyAdd, type MultiplyAdd, type Simd } from './arithmetic.ts';
import { fit } from './polynomial.ts';

/** Replaces the numbers in a variable by a function of them. */
export type InPlace = (x: Local<'v128'>) => void;

/** 1.5 · 2²³ rounds what is added to it to an integer; the 127 turns that integer's bits into an exponent. */
const ROUNDER = 1.5 * 2 ** 23 + 127;

/** Below this the exponent of 2^x is 0, and so is the result. Accurate results end at −126. */
const LOWEST = -127;

/** The largest argument that `exp2` takes; the square of its result is infinite. */
const HIGHEST = 127;

/** The exponential of any larger number is ∞. */
const LARGE = 1000;

/** From here down gelu is 0 in either form. x is bounded by it, because 0 · −∞ would be NaN. */
const ZERO_BELOW = -16;

/**
 * 2^x for x in [−∞, 127], by a polynomial of degree 6 on [−½, ½]; relative error 7e-8. −∞ gives exactly 0, so
 * that hidden keys have no weight. Constants are put into variables here, outside of the caller's loops.
 */
export function exp2(f: FunctionBuilder, simd: Simd): InPlace {
  const rounder = f.let('rounder', f32x4.all(ROUNDER));
  const lowest = f.let('lowest', f32x4.all(LOWEST));
  const evaluate = horner(
    f,
    multiplyAdd(simd),
    fit((x) => 2 ** x, -0.5, 0.5, 6),
  );
  const [rounded, result] = [f.local('rounded', 'v128'), f.local('power', 'v128')];
  return (x) => {
    f.set(x, f32x4.pmax(x, lowest));
    f.set(rounded, f32x4.add(x, rounder));
    f.set(x, f32x4.sub(x, f32x4.sub(rounded, rounder)));
    evaluate(x, result);
    f.set(x, f32x4.mul(result, i32x4.shl(rounded, 23)));
  };
}

/**
 * e^x as (2^h)² with h = x · log₂e / 2, so that no power overflows before the result does, and none
 * underflows. The rounded h costs a relative error of 2 u |x|, with u = 2⁻²⁴, the two powers and their
 * product 5 u.
 */
export function exp(f: FunctionBuilder, simd: Simd): InPlace {
  const power = exp2(f, simd);
  return (x) => {
    f.set(x, f32x4.pmin(f32x4.mul(x, f32x4.all(Math.LOG2E / 2)), f32x4.all(HIGHEST)));
    power(x);
    f.set(x, f32x4.mul(x, x));
  };
}

/**
 * 1 / (1 + e^−x). Where e^−x overflows the quotient is 0; before that it keeps its relative accuracy, in both
 * tails.
 */
export function sigmoid(f: FunctionBuilder, simd: Simd): InPlace {
  const power = exp(f, simd);
  return (x) => {
    f.set(x, f32x4.neg(x));
    power(x);
    f.set(x, f32x4.div(f32x4.all(1), f32x4.add(x, f32x4.all(1))));
  };
}

/**
 * x · sigmoid(x) as x / (1 + e^−x), which is 0 where e^−x is ∞. x is bounded, because −∞ / ∞ would be NaN.
 */
export function silu(f: FunctionBuilder, simd: Simd): InPlace {
  const power = exp(f, simd);
  const divisor = f.local('divisor', 'v128');
  return (x) => {
    f.set(x, f32x4.pmax(x, f32x4.all(-LARGE)));
    f.set(divisor, f32x4.neg(x));
    power(divisor);
    f.set(x, f32x4.div(x, f32x4.add(divisor, f32x4.all(1))));
  };
}

/** tanh(x): an odd polynomial near 0, 1 − 2 / (e^2|x| + 1) elsewhere. */
export function tanh(f: FunctionBuilder, simd: Simd): InPlace {
  const SMALL = 0.625;
  const series = fit((z) => (Math.tanh(Math.sqrt(z)) / Math.sqrt(z) - 1) / z, 0, SMALL ** 2, 5);
  const power = exp2(f, simd);
  const madd = multiplyAdd(simd);
  const evaluate = horner(f, madd, series);
  const [size, square, near, sign] = locals(f, ['size', 'square', 'near', 'sign']);
  return (x) => {
    f.set(sign, v128.and(x, i32x4.all(0x8000_0000 | 0)));
    f.set(size, f32x4.abs(x));
    f.set(square, f32x4.mul(x, x));
    evaluate(square, near);
    f.set(near, madd(f32x4.mul(near, square), x, x));
    f.set(square, v128.not(f32x4.lt(size, f32x4.all(SMALL))));
    f.set(size, f32x4.mul(f32x4.pmin(size, f32x4.all(10)), f32x4.all(2 * Math.LOG2E)));
    power(size);
    f.set(size, f32x4.div(f32x4.all(2), f32x4.add(size, f32x4.all(1))));
    f.set(size, v128.or(f32x4.sub(f32x4.all(1), size), sign));
    f.set(x, v128.bitselect(size, near, square));
  };
}

/**
 * log(x) = e · log 2 + log(1 + r) with x = (1 + r) · 2^e and 1 + r from √½ to √2; near 1 it keeps its
 * relative accuracy. −∞ for 0, NaN for less.
 */
export function log(f: FunctionBuilder, simd: Simd): InPlace {
  const series = fit(
    (r) => (Math.abs(r) < 1e-3 ? 1 / 3 - r / 4 + r ** 2 / 5 : (Math.log1p(r) - r + r ** 2 / 2) / r ** 3),
    Math.SQRT1_2 - 1,
    Math.SQRT2 - 1,
    8,
  );
  const madd = multiplyAdd(simd);
  const evaluate = horner(f, madd, series);
  const SQRT_HALF = 0x3f35_04f3;
  const [from, small, exponent, result] = locals(f, ['from', 'small', 'exponent', 'result']);
  return (x) => {
    f.set(from, x);
    // Subnormal numbers have no exponent of their own.
    f.set(small, f32x4.lt(x, f32x4.all(2 ** -126)));
    f.set(x, v128.bitselect(f32x4.mul(x, f32x4.all(2 ** 24)), x, small));
    f.set(exponent, i32x4.shrS(i32x4.sub(x, i32x4.all(SQRT_HALF)), 23));
    f.set(x, f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.all(1)));
    f.set(exponent, f32x4.sub(f32x4.convertI32x4S(exponent), v128.and(small, f32x4.all(24))));
    evaluate(x, result);
    // r − r² / 2 + r³ · series, and e · log 2 in two parts, the first of which is exact.
    f.set(result, f32x4.mul(f32x4.sub(f32x4.mul(x, result), f32x4.all(0.5)), f32x4.mul(x, x)));
    f.set(result, madd(exponent, f32x4.all(Math.LN2 - 0.693359375), result));
    f.set(result, f32x4.add(madd(exponent, f32x4.all(0.693359375), x), result));
    // −∞ for 0, NaN for less and for NaN, ∞ for ∞.
    const isLarge = v128.not(f32x4.lt(from, f32x4.all(Infinity)));
    f.set(x, v128.bitselect(from, result, isLarge));
    f.set(x, v128.bitselect(f32x4.all(NaN), x, f32x4.lt(from, f32x4.all(0))));
    f.set(x, v128.bitselect(f32x4.all(-Infinity), x, f32x4.eq(from, f32x4.all(0))));
  };
}

/**
 * gelu(x) = x · Φ(x), Φ the normal distribution. With a = |x| / √2, Φ(−|x|) is half the complementary error
 * function of a, computed as such so that the negative tail keeps its relative accuracy: ½ − ½ erf(a) by a
 * series up to 1, then e^(−a²) times a polynomial in 1 / (2 + a). Hendrycks & Gimpel 2016,
 * https://arxiv.org/abs/1606.08415
 */
export function gelu(f: FunctionBuilder, simd: Simd): InPlace {
  const series = fit((z) => erf(Math.sqrt(z)) / Math.sqrt(z) / 2, 0, 1, 7);
  const tail = fit((t) => scaledErfc(1 / t - 2) / 2, 1 / 13, 1 / 3, 9);
  const power = exp2(f, simd);
  const madd = multiplyAdd(simd);
  const evaluateSeries = horner(f, madd, series);
  const evaluateTail = horner(f, madd, tail);
  const [size, square, near, far, inverse] = locals(f, ['size', 'square', 'near', 'far', 'inverse']);
  return (x) => {
    f.set(size, f32x4.pmin(f32x4.mul(f32x4.abs(x), f32x4.all(Math.SQRT1_2)), f32x4.all(11)));
    f.set(square, f32x4.mul(size, size));
    evaluateSeries(square, near);
    f.set(near, f32x4.sub(f32x4.all(0.5), f32x4.mul(near, size)));
    f.set(inverse, f32x4.div(f32x4.all(1), f32x4.add(size, f32x4.all(2))));
    evaluateTail(inverse, far);
    f.set(square, f32x4.mul(square, f32x4.all(-Math.LOG2E)));
    power(square);
    f.set(far, f32x4.mul(far, square));
    f.set(near, v128.bitselect(near, far, f32x4.lt(size, f32x4.all(1))));
    // This is Φ(x) for negative x, and 1 − Φ(x) for others.
    f.set(far, f32x4.sub(f32x4.all(1), near));
    f.set(far, v128.bitselect(far, near, f32x4.gt(x, f32x4.all(0))));
    f.set(x, f32x4.mul(f32x4.pmax(x, f32x4.all(ZERO_BELOW)), far));
  };
}

/** gelu by its tanh approximation: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
export function geluTanh(f: FunctionBuilder, simd: Simd): InPlace {
  const tanhOf = tanh(f, simd);
  const inner = f.local('inner', 'v128');
  const factor = Math.sqrt(2 / Math.PI);
  return (x) => {
    f.set(x, f32x4.pmax(x, f32x4.all(ZERO_BELOW)));
    f.set(inner, f32x4.mul(f32x4.mul(x, x), f32x4.all(0.044715 * factor)));
    f.set(inner, f32x4.mul(x, f32x4.add(inner, f32x4.all(factor))));
    tanhOf(inner);
    f.set(x, f32x4.mul(f32x4.mul(x, f32x4.all(0.5)), f32x4.add(inner, f32x4.all(1))));
  };
}

/** max(x, 0); NaN stays NaN. */
export function relu(f: FunctionBuilder): InPlace {
  return (x) => f.set(x, f32x4.pmax(x, f32x4.all(0)));
}

/** The sum of four lanes, in all of them. */
export function sumLanes(f: FunctionBuilder, x: Local<'v128'>): void {
  joinLanes(f, x, f32x4.add);
}

/** The greatest of four lanes, in all of them. NaN is ignored. */
export function maxLanes(f: FunctionBuilder, x: Local<'v128'>): void {
  joinLanes(f, x, f32x4.pmax);
}

/** Four lanes combined into one, in all of them. */
export function joinLanes(f: FunctionBuilder, x: Local<'v128'>, combine: (a: V128, b: V128) => V128): void {
  f.set(x, combine(x, v128.shuffle(x, x, [2, 3, 0, 1])));
  f.set(x, combine(x, v128.shuffle(x, x, [1, 0, 3, 2])));
}

/** Emits `result = polynomial(x)`; the coefficients are put into variables here. */
export function horner(
  f: FunctionBuilder,
  madd: MultiplyAdd,
  coefficients: readonly number[],
): (x: V128, result: Local<'v128'>) => void {
  const constants = coefficients.map((value, power) => f.let(`coefficient${power}`, f32x4.all(value)));
  return (x, result) => {
    let sum: V128 = constants[constants.length - 1];
    for (const constant of constants.slice(0, -1).reverse()) sum = madd(sum, x, constant);
    f.set(result, sum);
  };
}

function locals(f: FunctionBuilder, names: readonly string[]): Local<'v128'>[] {
  return names.map((name) => f.local(name, 'v128'));
}

/** e^(a²) · erfc(a) for a ≥ 1, by its continued fraction. Abramowitz & Stegun 7.1.14 */
function scaledErfc(a: number): number {
  let fraction = 0;
  for (let i = 120; i > 0; i--) fraction = i / 2 / (a + fraction);
  return 1 / (Math.sqrt(Math.PI) * (a + fraction));
}
