/** IEEE 754 half precision as bits, for engines without `Float16Array`. */

import { checkArgument } from '../check/check-options.ts';
import { aListOfNumbers, type Kind } from '../check/kinds.ts';
import { typedArrayName } from './typed-array.ts';

const f32View = new Float32Array(1);
const u32View = new Uint32Array(f32View.buffer);

/** The number that 16 half-precision bits stand for. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Half-precision bits of a number, rounded to nearest, ties to even. */
export function numberToHalf(value: number): number {
  f32View[0] = value;
  const bits = u32View[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to infinity
  if (magnitude < 0x38800000) {
    // Subnormal: a multiple of 2^-24.
    return sign | roundToEven(Math.abs(f32View[0]) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}

const halfBits: Kind = {
  expected: 'a Uint16Array of half bits',
  test: (value) => typedArrayName(value) === 'Uint16Array',
};

/** Converts half-precision bits to f32, into `target` if there is one. */
export function halfToFloat32(bits: Uint16Array, target?: Float32Array): Float32Array {
  checkArgument('core/halfToFloat32', 'bits', bits, halfBits);
  const out = target ?? new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer, out.byteOffset, bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i];
    // With exponent and fraction at their places in f32 it is the number times 2^-112, subnormals too.
    words[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    if ((half & 0x7c00) === 0x7c00) words[i] |= 0x7f800000;
    else out[i] *= 2 ** 112;
  }
  return out;
}

/** Rounds numbers to half-precision bits, into `target` if there is one. */
export function float32ToHalf(values: ArrayLike<number>, target?: Uint16Array): Uint16Array {
  checkArgument('core/float32ToHalf', 'values', values, aListOfNumbers);
  const out = target ?? new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = numberToHalf(values[i]);
  return out;
}
