/** What the softmax of a head's rows leaves behind: what their weights are relative to, and the sum of these. */
import type { Tensor } from '@attn/core';
import { shiftUnit } from '../kernels/attention/softmax.ts';
import type { Frame } from '../ops/frame.ts';
import type { RowRange } from './head-rows.ts';

/**
 * lse = shift · unit + ln(sum of weights) of some rows, from states [rows × 2] at an address to the elements of a tensor from `start`
 * on; −∞ where nothing was visible.
 */
export function writeLse(
  frame: Frame,
  lse: Tensor,
  start: number,
  address: number,
  ranges: readonly RowRange[],
): void {
  const unit = shiftUnit(frame.engine.simd);
  const { data: to } = frame.view(lse);
  for (const [from, end] of ranges) {
    const states = frame.heap.f32(address + 8 * from, 2 * (end - from));
    for (let row = from; row < end; row++) {
      const [shift, total] = [states[2 * (row - from)], states[2 * (row - from) + 1]];
      to[start + row] = total === 0 ? -Infinity : unit * shift + Math.log(total);
    }
  }
}
