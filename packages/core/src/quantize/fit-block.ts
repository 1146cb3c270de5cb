/** Finds the scale, the zero point and the codes of a block of numbers. */
import { roundEven } from './activations.ts';
import { middleOf, type CodeBits } from './codes.ts';

/** A block as codes: number ≈ scale · (code − zero). */
export interface FittedBlock {
  readonly scale: number;
  readonly zero: number;
  readonly codes: Uint8Array;
}

/** Scales are tried at these shares of the one at which no number is cut. */
const SHARES: readonly number[] = [1, 0.975, 0.95, 0.925, 0.9, 0.875, 0.85, 0.825, 0.8];

/** The block of least squared error. Of 8 bits, no number is cut: the codes are fine enough. */
export function fitBlock(values: Float32Array, bits: CodeBits, hasZero: boolean): FittedBlock {
  const levels = 2 ** bits;
  const middle = middleOf(bits);
  let [low, high] = [0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === 0 && high === 0)
    return { scale: 0, zero: middle, codes: new Uint8Array(values.length).fill(middle) };
  const candidates: { readonly scale: number; readonly zero: number }[] = [];
  if (hasZero) {
    const whole = (high - low) / (levels - 1);
    for (const share of bits === 8 ? [1] : SHARES) {
      const scale = Math.fround(whole * share);
      if (scale > 0) candidates.push({ scale, zero: clamp(roundEven(-(low * share) / scale), levels) });
    }
  } else {
    // One code more lies on one side: of 4 bits the side of the greatest magnitude takes it.
    const most = Math.max(-low, high);
    if (bits === 8) candidates.push({ scale: Math.fround(most / 127), zero: middle });
    else
      for (const share of SHARES) {
        const signed = high > -low ? -most / 8 : most / 8;
        candidates.push({ scale: Math.fround((most / 7) * share), zero: middle });
        candidates.push({ scale: Math.fround(signed * share), zero: middle });
      }
  }
  return best(values, candidates, levels);
}

function best(
  values: Float32Array,
  candidates: readonly { readonly scale: number; readonly zero: number }[],
  levels: number,
): FittedBlock {
  let least = Infinity;
  let result: FittedBlock | undefined;
  for (const { scale, zero } of candidates) {
    const codes = new Uint8Array(values.length);
    let error = 0;
    for (let i = 0; i < values.length; i++) {
      codes[i] = scale === 0 ? zero : clamp(roundEven(values[i] / scale) + zero, levels);
      error += (values[i] - scale * (codes[i] - zero)) ** 2;
    }
    if (error < least) [least, result] = [error, { scale, zero, codes }];
  }
  return result ?? { scale: 0, zero: levels / 2, codes: new Uint8Array(values.length).fill(levels / 2) };
}

function clamp(code: number, levels: number): number {
  return Math.max(0, Math.min(levels - 1, code));
}
