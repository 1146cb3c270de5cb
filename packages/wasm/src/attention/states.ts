/** What the softmax of a head's rows leaves behind: their greatest logit, and the sum of their weights. */
import type { Tensor } from '@attn/core';
import { logSumExp } from '../kernels/attention/softmax.ts';
import type { Frame } from '../ops/frame.ts';
import type { RowRange } from './head-rows.ts';

/**
 * Writes lse of some rows, from states [rows × 2] at an address to the elements of a tensor from `start` on.
 */
export function writeLse(
  frame: Frame,
  lse: Tensor,
  start: number,
  address: number,
  ranges: readonly RowRange[],
): void {
  const { simd } = frame.engine;
  const { data: to } = frame.view(lse);
  for (const [from, end] of ranges) {
    const states = frame.heap.f32(address + 8 * from, 2 * (end - from));
    for (let row = from; row < end; row++) {
      const [max, total] = [states[2 * (row - from)], states[2 * (row - from) + 1]];
      to[start + row] = logSumExp(simd, max, total);
    }
  }
}
