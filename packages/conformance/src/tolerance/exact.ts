/**
 * Sums that float32 computes without any error. Logits of 10³⁰ are off by 10²³ if they are
 * off at all, and then nothing can be said about their softmax. So cases of such logits have
 * numbers whose sums are exact, or equal to their largest term, in any order of summation.
 */

/** True when x is ± a power of two, a factor that changes only bits of the exponent. */
export function isPowerOfTwo(x: number): boolean {
  return x !== 0 && lowestBit(x) === Math.abs(x);
}

/**
 * True when all sums of these terms, in any order, are float32
 * numbers: multiples of a power of two, and at most 2²⁴ times it.
 */
export function sumsExactly(terms: Iterable<number>): boolean {
  let [unit, size] = [Infinity, 0];
  for (const term of terms) {
    if (!Number.isFinite(term)) return false;
    if (term === 0) continue;
    unit = Math.min(unit, lowestBit(term));
    size += Math.abs(term);
    if (size > unit * 2 ** 24) return false;
  }
  return size === 0 || (size <= LARGEST && unit >= SMALLEST);
}

/**
 * How far a sum in float32 may be from the sum in float64 when one term is so
 * large that all others are rounded away in any order: by these others. Undefined
 * when there is no such term. `error` is how far off the others may be.
 */
export function errorOfAbsorbing(terms: readonly number[], error: number): number | undefined {
  const largest = terms.reduce((most, term) => (Math.abs(term) > Math.abs(most) ? term : most), 0);
  const others = terms.reduce((size, term) => size + Math.abs(term), error) - Math.abs(largest);
  if (Math.fround(largest) !== largest || !(others < Math.abs(largest) * 2 ** -25)) return undefined;
  return Math.abs(terms.reduce((sum, term) => sum + term, 0) - largest);
}

/** The largest float32, and the smallest that is never flushed to 0. */
const LARGEST = 3.4028234663852886e38;
const SMALLEST = 2 ** -126;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** The lowest bit of a number's significand that is set, as a number. */
function lowestBit(x: number): number {
  float[0] = x;
  const [low, high] = words;
  const exponent = ((high >>> 20) & 0x7ff) - 1075;
  return 2 ** (exponent + (low === 0 ? 32 + trailingZeros(high | 0x10_0000) : trailingZeros(low)));
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
