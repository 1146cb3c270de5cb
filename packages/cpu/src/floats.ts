/**
 * Reads and writes the numbers of tensors for kernels, which compute with f32 arrays only. Half precision is
 * widened once before a kernel, by a table, and rounded once after it.
 */
import { AttnError, type Tensor } from '@attn/core';
import { float32ToHalf, halfToNumber } from '@attn/core/backend';

let halves: Float32Array | undefined;

/** The table of the numbers of all 65,536 half-precision bit patterns. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfToNumber(bits));
  return halves;
}

/** The elements of an f32 or f16 tensor as f32: the tensor's own array, or a widened copy. */
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

/** The array to which a kernel writes an f32 or f16 output. */
export interface FloatOutput {
  readonly data: Float32Array;
  /** Rounds the numbers to the output's dtype. Call it when all are written. */
  done(): void;
}

/** The array for an output: the tensor's own array for f32, an array beside it for f16. */
export function writeFloats(tensor: Tensor): FloatOutput {
  const { dtype, data } = tensor;
  if (dtype === 'f32' && data instanceof Float32Array) return { data, done: () => {} };
  if (dtype === 'f16' && data instanceof Uint16Array) {
    const wide = new Float32Array(data.length);
    return { data: wide, done: () => void float32ToHalf(wide, data) };
  }
  throw new AttnError('INTERNAL', 'cpu', `expected a float tensor, got ${dtype}`);
}
