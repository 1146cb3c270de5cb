/**
 * Numbers in and out of kernels. Half precision is widened once at the door, by a table, so that every kernel sees
 * f32 only; results in half precision are rounded once at the end.
 */
import { AttnError, type Tensor } from '@attn/core';
import { float32ToHalf, halfToNumber } from '@attn/core/backend';

let halves: Float32Array | undefined;

/** The number of each of the 65,536 half-precision bit patterns. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfToNumber(bits));
  return halves;
}

/** The elements of an f32 or f16 tensor as f32: its own array, or a widened copy. */
export function readFloats(tensor: Tensor): Float32Array {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) return data;
  if (dtype === 'f16') {
    const table = halfTable();
    const out = new Float32Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = table[data[i]];
    return out;
  }
  throw new AttnError('INTERNAL', 'cpu', `expected a float tensor, got ${dtype}`);
}

/** Where a kernel writes an f32 or f16 output: call `done` when all is written. */
export interface FloatOutput {
  readonly data: Float32Array;
  /** Rounds to the output's dtype. */
  done(): void;
}

/** The output's own array for f32; a buffer in front of it for f16. */
export function writeFloats(tensor: Tensor): FloatOutput {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) return { data, done: () => {} };
  if (dtype === 'f16' && data instanceof Uint16Array) {
    const wide = new Float32Array(data.length);
    return { data: wide, done: () => void float32ToHalf(wide, data) };
  }
  throw new AttnError('INTERNAL', 'cpu', `expected a float tensor, got ${dtype}`);
}
