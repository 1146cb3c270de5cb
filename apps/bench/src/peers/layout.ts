/** Layouts and masks that peers need. */
import type { Problem } from '../inputs.ts';

/** [1, heads, n, dim] as [1, n, heads · dim]. */
export function headsLast(data: Float32Array, { heads, n, headDim }: Problem): Float32Array {
  const out = new Float32Array(data.length);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < n; i++) {
      const row = data.subarray((h * n + i) * headDim, (h * n + i + 1) * headDim);
      out.set(row, (i * heads + h) * headDim);
    }
  }
  return out;
}

/** [1, n, heads · dim] as [1, heads, n, dim]. */
export function headsFirst(data: Float32Array, { heads, n, headDim }: Problem): Float32Array {
  const out = new Float32Array(data.length);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < n; i++) {
      const row = data.subarray((i * heads + h) * headDim, (i * heads + h + 1) * headDim);
      out.set(row, (h * n + i) * headDim);
    }
  }
  return out;
}

/** A mask [n, n] that is 0 for the keys that a query sees, and −10⁹ for later keys. */
export function causalMask(n: number): Float32Array {
  const mask = new Float32Array(n * n);
  for (let i = 0; i < n; i++) mask.fill(-1e9, i * n + i + 1, (i + 1) * n);
  return mask;
}
