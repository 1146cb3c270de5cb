/** The documents of a row, numbered in the order of their first tokens, and those that a run touches. */
import { last, type Run } from './runs.ts';

/** Up to so many positions of a strided run are read one by one. */
const LIMIT = 128;

/** The labels in a run are in [low, high]; high < low: there are none. `complete`: every position has one. */
export interface LabelRange {
  readonly low: number;
  readonly high: number;
  readonly complete: boolean;
}

/** The labels of the positions of a row: a number for each document. */
export class SegmentLabels {
  /** One label per position, counting up from 0 by first appearance. */
  readonly labels: Int32Array;
  /** True when every document is one interval: labels then never descend. */
  readonly contiguous: boolean;
  /** Minima and maxima over the nodes of a binary tree whose leaves are the positions. */
  #tree: { readonly low: Int32Array; readonly high: Int32Array } | undefined;

  constructor(ids: ArrayLike<number>) {
    const numbers = new Map<number, number>();
    this.labels = Int32Array.from(ids, (id) => {
      const number = numbers.get(id);
      if (number !== undefined) return number;
      numbers.set(id, numbers.size);
      return numbers.size - 1;
    });
    this.contiguous = this.labels.every((label, i) => i === 0 || label >= this.labels[i - 1]);
  }

  has(position: number): boolean {
    return position >= 0 && position < this.labels.length;
  }

  equals(other: SegmentLabels): boolean {
    return (
      this.labels.length === other.labels.length && this.labels.every((label, i) => label === other.labels[i])
    );
  }

  /** The range of labels in a run: exact up to 128 positions and for step 1, else it may be too wide. */
  rangeOf(run: Run): LabelRange {
    const n = this.labels.length;
    const complete = run.start >= 0 && last(run) < n;
    if (run.count === 1 || (run.step > 1 && run.count <= LIMIT)) return { ...this.#walk(run), complete };
    const from = Math.max(run.start, 0);
    const to = Math.min(last(run), n - 1);
    if (from > to) return { low: Infinity, high: -Infinity, complete };
    if (this.contiguous) return { low: this.labels[from], high: this.labels[to], complete };
    return { ...this.#query(from, to), complete };
  }

  /** The range of labels in several runs. */
  rangeOfAll(runs: readonly Run[]): LabelRange {
    let [low, high, complete] = [Infinity, -Infinity, true];
    for (const run of runs) {
      const range = this.rangeOf(run);
      low = Math.min(low, range.low);
      high = Math.max(high, range.high);
      complete &&= range.complete;
    }
    return { low, high, complete };
  }

  #walk(run: Run): { low: number; high: number } {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0, position = run.start; i < run.count; i++, position += run.step) {
      if (!this.has(position)) continue;
      low = Math.min(low, this.labels[position]);
      high = Math.max(high, this.labels[position]);
    }
    return { low, high };
  }

  #query(from: number, to: number): { low: number; high: number } {
    const tree = (this.#tree ??= buildTree(this.labels));
    let low = Infinity;
    let high = -Infinity;
    const n = this.labels.length;
    for (let left = from + n, right = to + n + 1; left < right; left >>= 1, right >>= 1) {
      if (left & 1) {
        low = Math.min(low, tree.low[left]);
        high = Math.max(high, tree.high[left++]);
      }
      if (right & 1) {
        low = Math.min(low, tree.low[--right]);
        high = Math.max(high, tree.high[right]);
      }
    }
    return { low, high };
  }
}

/** Leaves at n … 2n − 1; node i covers its children 2i and 2i + 1. */
function buildTree(labels: Int32Array): { low: Int32Array; high: Int32Array } {
  const n = labels.length;
  const low = new Int32Array(2 * n);
  low.set(labels, n);
  const high = low.slice();
  for (let i = n - 1; i > 0; i--) {
    low[i] = Math.min(low[2 * i], low[2 * i + 1]);
    high[i] = Math.max(high[2 * i], high[2 * i + 1]);
  }
  return { low, high };
}
