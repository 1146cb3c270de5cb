/**
 * The online softmax: tiles of a row arrive one after another, and the running maximum m, the sum of e^(s−m) and
 * the weighted sum of values are brought up to date with each. When a larger maximum arrives, what was summed so
 * far shrinks by e^(m_old − m_new). Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867
 *
 * A score of −∞ is a hidden pair. NaN in a visible score makes its row NaN, by arithmetic alone: comparisons lose
 * NaN, but the sum does not.
 */
import { TILE } from '@attn/core/backend';
import { padColumns } from '../dot-tile.ts';
import { expNonPositive } from '../exp.ts';

/** Running state of the rows of one row block. */
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

/** State for row blocks of this value dim; call `resetState` before each. */
export function softmaxState(valueDim: number): SoftmaxState {
  const width = padColumns(valueDim);
  return {
    max: new Float64Array(TILE),
    sum: new Float64Array(TILE),
    values: new Float64Array(TILE * width),
    width,
  };
}

/** Empty rows: nothing seen yet. */
export function resetState(state: SoftmaxState): void {
  state.max.fill(-Infinity);
  state.sum.fill(0);
  state.values.fill(0);
}

/**
 * Takes a tile of scores [rows × 64, `columns` in use] into the state and replaces them by the weights of the
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

/** A row without a score above −∞, now or before: no weight, unless one is NaN, which is then the row's result. */
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
