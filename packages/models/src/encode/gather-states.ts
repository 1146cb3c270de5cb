/** From the states of windows to the result: a vector for each text, or the states of its tokens. */
import { f32, type Tensor } from '@attn/core';
import type { TextWindow } from './windows.ts';

/**
 * How the states of a text or a pair become one vector: the first
 * token's state, the mean over all tokens, or not at all.
 */
export type Pooling = 'cls' | 'mean' | 'none';

/** Collects the states of windows as they come, and keeps only what the result needs. */
export class StateGatherer {
  private readonly pooling: Pooling;
  private readonly counts: readonly number[];
  private readonly sums: Float64Array[] = [];
  private readonly states: Float32Array[] = [];
  private width = 0;

  /** `counts`: number of tokens of each text. */
  constructor(pooling: Pooling, counts: readonly number[]) {
    this.pooling = pooling;
    this.counts = counts;
  }

  /** Adds a window, whose states are row `row` of the tensor `states` [rows, length, width]. */
  add({ text, parts, share }: TextWindow, states: Tensor, row: number): void {
    const [, length, width] = states.shape;
    this.width = width;
    const start = row * length * width;
    const rowsOf = (from: number, to: number): ArrayLike<number> =>
      states.data.subarray(start + from * width, start + to * width);
    switch (this.pooling) {
      case 'none':
        this.states[text] ??= new Float32Array(this.counts[text] * width);
        for (const { from, to, at, share } of parts)
          addScaled(this.states[text].subarray(at * width), rowsOf(from, to), share);
        return;
      case 'cls':
        return addScaled(this.sumOf(text), rowsOf(0, 1), share);
      case 'mean':
        for (const { from, to, share } of parts)
          for (let i = from; i < to; i++) addScaled(this.sumOf(text), rowsOf(i, i + 1), share);
        return;
      default:
        return this.pooling satisfies never;
    }
  }

  /** Returns [texts, width]: the vector of each text. */
  embeddings(): Tensor<'f32'> {
    const data = new Float32Array(this.counts.length * this.width);
    this.sums.forEach((sum, text) => {
      const terms = this.pooling === 'mean' ? this.counts[text] : 1;
      data.set(
        Float32Array.from(sum, (value) => value / terms),
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

  private sumOf(text: number): Float64Array {
    return (this.sums[text] ??= new Float64Array(this.width));
  }
}

function addScaled(sum: Float32Array | Float64Array, terms: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < terms.length; i++) sum[i] += terms[i] * factor;
}
