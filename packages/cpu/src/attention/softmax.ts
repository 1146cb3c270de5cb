/**
 * The online softmax: the tiles of a row arrive one after another, and each updates the running maximum m,
 * the sum of e^(s−m) and the weighted sum of values. When a larger maximum arrives, all earlier sums shrink
 * by e^(m_old − m_new). Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867
 *
 * A score of −∞ is a hidden pair. A visible score of NaN makes its row NaN, by arithmetic alone: comparisons
 * lose NaN, but sums keep it.
 */
import { TILE } from '@attn/core/backend';
import { padColumns } from '../dot-tile.ts';
import { expNonPositive } from '../exp.ts';

/** The running state of the rows of a row block. */
export interface SoftmaxState {
  /** [64]: largest score so far; −∞ before the first visible one. */
  readonly max: Float64Array;
  /** [64]: Σ e^(score − max). */
  readonly sum: Float64Array;
  /** [64 × width]: Σ e^(score − max) · value. */
  readonly values: Float64Array;
  /** The value dim, padded. */
  readonly width: number;
}

/** Allocates the state for row blocks of a value dim. Call `resetState` before each row block. */
export function softmaxState(valueDim: number): SoftmaxState {
  const width = padColumns(valueDim);
  return {
    max: new Float64Array(TILE),
    sum: new Float64Array(TILE),
    values: new Float64Array(TILE * width),
    width,
  };
}

/** Resets the state to that of rows before their first tile. */
export function resetState(state: SoftmaxState): void {
  state.max.fill(-Infinity);
  state.sum.fill(0);
  state.values.fill(0);
}

/**
 * Adds a tile of scores [rows × 64, `columns` in use] to the state, and replaces the scores by the weights of
 * values, e^(score − max); hidden pairs get 0.
 */
export function softmaxTile(scores: Float64Array, rows: number, columns: number, state: SoftmaxState): void {
  const { max: maxima, sum: sums } = state;
  for (let row = 0; row < rows; row++) {
    const start = row * TILE;
    const end = start + columns;
    const before = maxima[row];
    let max = before;
    for (let i = start; i < end; i++) {
      if (scores[i] > max) max = scores[i];
    }
    if (max === -Infinity) {
      sums[row] += weighInvisible(scores, start, end);
      continue;
    }
    if (max > before) {
      rescaleRow(state, row, expNonPositive(before - max));
      maxima[row] = max;
    }
    let sum = 0;
    for (let i = start; i < end; i++) {
      const weight = expNonPositive(scores[i] - max);
      scores[i] = weight;
      sum += weight;
    }
    sums[row] += sum;
  }
}

/**
 * Weighs a row without a score above −∞ so far: all weights are 0, unless one is NaN, which the
 * row then gets.
 */
function weighInvisible(scores: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) {
    const weight = Number.isNaN(scores[i]) ? NaN : 0;
    scores[i] = weight;
    sum += weight;
  }
  return sum;
}

function rescaleRow({ sum, values, width }: SoftmaxState, row: number, factor: number): void {
  sum[row] *= factor;
  const end = (row + 1) * width;
  for (let i = row * width; i < end; i++) values[i] *= factor;
}
