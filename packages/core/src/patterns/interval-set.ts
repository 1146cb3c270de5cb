/**
 * A set of positions, kept as sorted disjoint intervals: a padding mask is one interval, a list of global
 * tokens a few. Membership and coverage of a run cost one binary search, whatever the length of the sequence.
 */
import type { Coverage } from './pattern.ts';
import type { Run } from './runs.ts';

/** After this many searches along one strided run, `coverage` answers with the safe `some`. */
const LIMIT = 128;

/** Sets with more edges use a table for membership: random masks are asked cell by cell. */
const MANY_EDGES = 64;

export class IntervalSet {
  /** start, end, start, end, …, strictly ascending, ends exclusive. */
  readonly edges: Int32Array;
  #positions: Int32Array | undefined;
  #members: Uint8Array | undefined;

  private constructor(edges: Int32Array) {
    this.edges = edges;
  }

  /** The positions 0 … length − 1. */
  static prefix(length: number): IntervalSet {
    return new IntervalSet(length === 0 ? new Int32Array(0) : Int32Array.of(0, length));
  }

  /** The positions whose entry in a mask is not 0. */
  static ofMask(mask: ArrayLike<number>): IntervalSet {
    const edges: number[] = [];
    let inside = false;
    for (let i = 0; i <= mask.length; i++) {
      const member = i < mask.length && mask[i] !== 0;
      if (member !== inside) edges.push(i);
      inside = member;
    }
    return new IntervalSet(Int32Array.from(edges));
  }

  /** A list of positions, which ascend strictly. */
  static ofPositions(positions: ArrayLike<number>): IntervalSet {
    const edges: number[] = [];
    for (let i = 0; i < positions.length; i++) {
      if (edges.length > 0 && edges[edges.length - 1] === positions[i]) edges[edges.length - 1] += 1;
      else edges.push(positions[i], positions[i] + 1);
    }
    return new IntervalSet(Int32Array.from(edges));
  }

  /** A position is inside exactly when an odd number of edges is at or before it. */
  has(position: number): boolean {
    if (this.edges.length > MANY_EDGES) return (this.#members ??= this.#table())[position] === 1;
    return this.#edgesUpTo(position) % 2 === 1;
  }

  /** Whether the set contains all positions of a run. Exact for up to 128 positions, and contiguous runs. */
  coverage(run: Run): Coverage {
    const end = run.start + run.step * run.count;
    let position = run.start;
    const inside = this.has(position);
    for (let searches = 0; searches < LIMIT; searches++) {
      const edge = this.#edgesUpTo(position);
      if ((edge % 2 === 1) !== inside) return 'some';
      // Nothing changes before the next edge: continue with the run's first position there.
      const next = edge < this.edges.length ? this.edges[edge] : Infinity;
      position += Math.ceil((next - position) / run.step) * run.step;
      if (position >= end) return inside ? 'all' : 'none';
    }
    return 'some';
  }

  /** The positions in the set, ascending. */
  positions(): Int32Array {
    this.#positions ??= this.#list();
    return this.#positions;
  }

  equals(other: IntervalSet): boolean {
    return this.edges.length === other.edges.length && this.edges.every((edge, i) => edge === other.edges[i]);
  }

  #table(): Uint8Array {
    const table = new Uint8Array(this.edges[this.edges.length - 1]);
    for (let i = 0; i < this.edges.length; i += 2) table.fill(1, this.edges[i], this.edges[i + 1]);
    return table;
  }

  #list(): Int32Array {
    const list: number[] = [];
    for (let i = 0; i < this.edges.length; i += 2) {
      for (let p = this.edges[i]; p < this.edges[i + 1]; p++) list.push(p);
    }
    return Int32Array.from(list);
  }

  /** The number of edges at or before a position. */
  #edgesUpTo(position: number): number {
    let low = 0;
    let high = this.edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.edges[middle] <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
