/**
 * The score's expression of a call as a WGSL function of a pair, and the functions that it calls. Shader
 * compilers may assume that floats are finite, so NaN and ∞ are recognised by their bits.
 */
import { when, wgsl } from '../template.ts';
import { WAVES } from './waves.wgsl.ts';
import type { FloatElement } from '../wgsl.ts';

/** A score, as `scoreOptions` makes it, and how its tables are stored. */
export interface ScoreOptions {
  /** Equal for equal scores. */
  readonly key: string;
  /** WGSL of the body of `scored`. */
  readonly body: string;
  /** The element type of each of its tables, in their order. */
  readonly elements: readonly (FloatElement | 'i32')[];
}

/** The buffers of the tables, in their order: `table0`, `table1`, … */
export function scoreBuffers({ elements }: ScoreOptions): Record<string, string> {
  return Object.fromEntries(elements.map((element, index) => [`table${index}`, element]));
}

/** The name of a variant: what its code depends on. */
export function scoreName({ key, elements }: ScoreOptions): string {
  return [key, ...elements].join(',');
}

/**
 * Declares `scored(s, b, h, q, k)`, the score of a pair: `s` is its logit so far, `b` and `h` its batch row
 * and head, `q` and `k` the positions of query and key.
 */
export function declareScored({ body }: Pick<ScoreOptions, 'body'>): string {
  return wgsl`
    // The lesser, and the greater, of two numbers; NaN if one is NaN.
    fn leastOf(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, isNotANumber(b)), a, isNotANumber(a)); }
    fn mostOf(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNotANumber(b)), a, isNotANumber(a)); }

    // Whether both are numbers, which can be compared.
    fn areNumbers(a: f32, b: f32) -> bool { return !isNotANumber(a) && !isNotANumber(b); }

    // eˣ; exp itself may be anything beyond the range of f32.
    fn exponential(x: f32) -> f32 {
      if (isNotANumber(x)) { return x; }
      if (x > 88.72284) { return -minusInfinity(); }
      return exp(x);
    }

    fn logarithm(x: f32) -> f32 {
      let bits = bitcast<u32>(x);
      if (isNotANumber(x) || bits == 0x7f800000u) { return x; }
      if (x == 0.0) { return minusInfinity(); }
      if (bits >= 0x80000000u) { return nan(); }
      return log(x);
    }

    // Near 0 by its series, which has the precision that 1 − 2 / (e + 1) loses there.
    fn hyperbolicTangent(x: f32) -> f32 {
      if (isNotANumber(x)) { return x; }
      // exp overflows beyond this, and tanh is 1 long before.
      let y = clamp(x, -20.0, 20.0);
      if (abs(y) < 0.1) {
        let z = y * y;
        return y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885)));
      }
      let e = exp(2.0 * abs(y));
      return sign(y) * (1.0 - 2.0 / (e + 1.0));
    }

    ${when(/\b(co)?sine\(/.test(body), WAVES)}

    // Quotient and remainder that round towards −∞; b is above 0.
    fn remainderOf(a: i32, b: i32) -> i32 {
      let remainder = a % b;
      return select(remainder, remainder + b, remainder < 0);
    }
    fn quotientOf(a: i32, b: i32) -> i32 { return a / b - select(0, 1, a % b < 0); }

    // The index that a table has there, or the nearest.
    fn inside(index: i32, extent: u32) -> u32 { return u32(clamp(index, 0, i32(extent) - 1)); }

    fn scored(s: f32, b: i32, h: i32, q: i32, k: i32) -> f32 {
      ${body}
    }`;
}
