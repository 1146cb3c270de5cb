/**
 * Halves as weights: numbers of 16 bits, as IEEE 754 has them (`f16`) or as the upper half of an f32
 * (`bf16`).
 */
import { halfToNumber, numberToHalf } from '../util/float16.ts';

/** Forms of halves. */
export type HalfForm = 'f16' | 'bf16';

const f32View = new Float32Array(1);
const u32View = new Uint32Array(f32View.buffer);

/** The number that the bits of a half stand for. */
export function halfNumber(bits: number, form: HalfForm): number {
  if (form === 'f16') return halfToNumber(bits);
  u32View[0] = bits << 16;
  return f32View[0];
}

/** The bits of the half that is nearest to a number, of two equally near the even one. */
export function nearestHalf(value: number, form: HalfForm): number {
  if (form === 'f16') return numberToHalf(value);
  f32View[0] = value;
  const [bits] = u32View;
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
