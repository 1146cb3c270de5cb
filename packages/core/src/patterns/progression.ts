/**
 * Arithmetic progressions of integers, the values that an expression of positions can take over two runs.
 * Exact arithmetic saturates at ±(2⁵³ − 1), so that nothing here is ever infinite or NaN.
 */
import type { Coverage } from './pattern.ts';
import { gcd, last, mod, type Run } from './runs.ts';

/** The values `low, low + step, …, high`, or some of them; `step` is 0 exactly when there is one value. */
export interface Progression {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** The integers in [low, high] (which may be infinite) that are `residue` modulo `modulus`. */
export interface Target {
  readonly low: number;
  readonly high: number;
  readonly modulus: number;
  readonly residue: number;
}

/** Clamps to the integers that a number holds exactly. */
export function exact(value: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value)) + 0;
}

/** The progression between two values that lie on it; it loses its step when the bounds are not exact. */
export function progression(low: number, high: number, step: number): Progression {
  const safe = Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isSafeInteger(step);
  const bounds = safe ? { low: low + 0, high: high + 0 } : { low: exact(low), high: exact(high) };
  return { ...bounds, step: bounds.low === bounds.high ? 0 : safe ? step : 1 };
}

/** The least progression that holds two. */
export function union(a: Progression, b: Progression): Progression {
  const step = a.step === 1 || b.step === 1 ? 1 : gcd(gcd(a.step, b.step), a.low - b.low);
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), step };
}

/** A progression times `factor` (not 0). */
export function scaled({ low, high, step }: Progression, factor: number): Progression {
  const [from, to] = [low * factor, high * factor];
  return { low: Math.min(from, to), high: Math.max(from, to), step: step * Math.abs(factor) };
}

/** The positions of a run times `factor` (not 0). */
export function scaledRun(run: Run, factor: number): Progression {
  return scaled({ low: run.start, high: last(run), step: run.count === 1 ? 0 : run.step }, factor);
}

/** Whether a target contains all values of a progression. Exact for moduli up to 2²⁶. */
export function progressionCoverage(x: Progression, target: Target): Coverage {
  const { low, high, modulus, residue } = target;
  const congruent = modulus === 1 || (x.step % modulus === 0 && mod(x.low, modulus) === residue);
  if (congruent && x.low >= low && x.high <= high) return 'all';
  return meets(x, target) ? 'some' : 'none';
}

/** Whether any value of a progression is in a target. */
function meets(x: Progression, { low, high, modulus, residue }: Target): boolean {
  if (modulus === 1) return atLeast(x.low, x.step, low) <= Math.min(high, x.high);
  const common = gcd(x.step, modulus);
  const distance = mod(residue - x.low, modulus);
  if (distance % common !== 0) return false;
  const cycle = modulus / common;
  if (cycle > 2 ** 26) return x.low <= high && x.high >= low;
  // The first value with the right residue; from there on they repeat every `period`.
  const first = x.low + x.step * ((((distance / common) % cycle) * inverse(x.step / common, cycle)) % cycle);
  const period = x.step * cycle;
  return atLeast(first, period, low) <= Math.min(high, x.high);
}

/** The first of the values `first`, `first + period`, … that is not below `low`. */
function atLeast(first: number, period: number, low: number): number {
  return first >= low ? first : period === 0 ? Infinity : first + Math.ceil((low - first) / period) * period;
}

/** The inverse of `a` modulo `m`, for coprime a and m (0 when m is 1). */
function inverse(a: number, m: number): number {
  let [r0, r1, s0, s1] = [m, a % m, 0, 1];
  while (r1 !== 0) {
    const quotient = Math.floor(r0 / r1);
    [r0, r1] = [r1, r0 - quotient * r1];
    [s0, s1] = [s1, s0 - quotient * s1];
  }
  return mod(s0, m);
}

/** Beyond this many values of the shorter progression, `sumCoverage` answers with the safe `some`. */
const LIMIT = 128;

/**
 * Whether a target contains all sums of a value of `x` and one of `y`. Exact if one has at most 128 values.
 */
export function sumCoverage(x: Progression, y: Progression, target: Target): Coverage {
  const sums = { low: x.low + y.low, high: x.high + y.high, step: gcd(x.step, y.step) };
  const answer = progressionCoverage(sums, target);
  if (answer !== 'some' || fills(x, y) || fills(y, x)) return answer;
  const [few, many] = size(x) <= size(y) ? [x, y] : [y, x];
  if (size(few) > LIMIT) return 'some';
  for (let shift = few.low; shift <= few.high; shift += few.step) {
    const moved = { low: many.low + shift, high: many.high + shift, step: many.step };
    if (progressionCoverage(moved, target) !== 'none') return 'some';
  }
  return 'none';
}

/**
 * Whether sums leave no gap, because steps of `y` are multiples of those of `x`, and `x` spans such a step.
 */
function fills(x: Progression, y: Progression): boolean {
  if (y.step === 0) return true;
  return x.step > 0 && y.step % x.step === 0 && x.high - x.low + x.step >= y.step;
}

function size(x: Progression): number {
  return x.step === 0 ? 1 : (x.high - x.low) / x.step + 1;
}
