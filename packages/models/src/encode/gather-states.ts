/** From the states of windows to the result: a vector for each text, or the states of its tokens. */
import { f32, type Tensor } from '@attn/core';
import type { TextWindow } from './windows.ts';

/**
 * How the states of a text become one vector: the first token's
 * state, the mean over all tokens, or not at all.
 */
export type Pooling = 'cls' | 'mean' | 'none';

/** Collects the states of windows as they come, and keeps only what the result needs. */
export class StateGatherer {
  private readonly pooling: Pooling;
  private readonly counts: readonly number[];
  private readonly sums: Float64Array[] = [];
  private readonly terms: number[] = [];
  private readonly states: Float32Array[] = [];
  private width = 0;

  /** `counts`: number of tokens of each text. */
  constructor(pooling: Pooling, counts: readonly number[]) {
    this.pooling = pooling;
    this.counts = counts;
  }

  /** Adds a window, whose states are row `row` of the tensor `states` [rows, length, width]. */
  add({ text, from, to, at }: TextWindow, states: Tensor, row: number): void {
    const [, length, width] = states.shape;
    this.width = width;
    const start = row * length * width;
    const rowOf = (i: number): ArrayLike<number> =>
      states.data.subarray(start + i * width, start + (i + 1) * width);
    switch (this.pooling) {
      case 'none':
        this.states[text] ??= new Float32Array(this.counts[text] * width);
        this.states[text].set(states.data.subarray(start + from * width, start + to * width), at * width);
        return;
      case 'cls':
        return this.addTo(text, rowOf(0));
      case 'mean':
        for (let i = from; i < to; i++) this.addTo(text, rowOf(i));
        return;
      default:
        return this.pooling satisfies never;
    }
  }

  /** Returns [texts, width]: the mean of the states that were added to each text. */
  embeddings(): Tensor<'f32'> {
    const data = new Float32Array(this.counts.length * this.width);
    this.sums.forEach((sum, text) => {
      data.set(
        Float32Array.from(sum, (value) => value / this.terms[text]),
        text * this.width,
      );
    });
    return f32([this.counts.length, this.width], data);
  }

  /** Returns the states [tokens, width] of each text. */
  tokenStates(): readonly Tensor<'f32'>[] {
    return this.counts.map((count, text) =>
      f32([count, this.width], this.states[text] ?? new Float32Array(0)),
    );
  }

  private addTo(text: number, row: ArrayLike<number>): void {
    const sum = (this.sums[text] ??= new Float64Array(row.length));
    for (let i = 0; i < row.length; i++) sum[i] += row[i];
    this.terms[text] = (this.terms[text] ?? 0) + 1;
  }
}
