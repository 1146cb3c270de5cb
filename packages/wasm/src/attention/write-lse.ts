/**
 * Turns the state that the softmax of a row leaves, its greatest logit and its sum of weights, into its lse.
 */
import type { Tensor } from '@attn/core';
import { logSumExp } from '../kernels/attention/softmax.ts';
import type { Frame } from '../ops/frame.ts';
import type { RowRange } from './staged-heads.ts';

/** The rows of a head whose lse is written. */
export interface LseRows {
  /** Address of the head's states: [rows × 2] f32. */
  readonly states: number;
  /** Index of the head's row 0 in the tensor. */
  readonly start: number;
  readonly ranges: readonly RowRange[];
}

/** Writes the lse of some rows of a head to a tensor. */
export function writeLse(frame: Frame, lse: Tensor, { states: address, start, ranges }: LseRows): void {
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
