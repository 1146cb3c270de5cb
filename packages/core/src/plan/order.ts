/**
 * A virtual order of queries or keys: which row stands at which place, and at which positions these rows are.
 * The planner sees an order only through the runs of a part of it.
 */
import { runsOf, type Run } from '../patterns/runs.ts';

/** An order of `count` rows. Rows that are masked out have no place in it. */
export interface Order {
  readonly count: number;
  /** Virtual place → row; undefined for the identity. */
  readonly index: Int32Array | undefined;
  /** Position of row 0: `queryOffset` for queries, 0 for keys. */
  readonly offset: number;
  /** Maximal runs of positions, in virtual order, and the virtual place where each begins. */
  readonly runs: readonly Run[];
  readonly begins: Int32Array;
}

/** The order of `count` rows in which every row stands at its own place. */
export function naturalOrder(count: number, offset: number): Order {
  const runs = count === 0 ? [] : [{ start: offset, step: 1, count }];
  return { count, index: undefined, offset, runs, begins: Int32Array.of(0) };
}

/** An order from a list of rows; the natural order if it lists all `total` rows in place. */
export function orderOf(rows: Int32Array, total: number, offset: number): Order {
  if (rows.length === total && rows.every((row, place) => row === place)) return naturalOrder(total, offset);
  const rowRuns = runsOf(rows);
  const begins = new Int32Array(Math.max(1, rowRuns.length));
  let place = 0;
  const runs = rowRuns.map((run, i) => {
    begins[i] = place;
    place += run.count;
    return { start: run.start + offset, step: run.step, count: run.count };
  });
  return { count: rows.length, index: rows, offset, runs, begins };
}

/** The runs of positions of the places `from … to` (exclusive), in order. */
export function runsBetween(order: Order, from: number, to: number): readonly Run[] {
  const { runs, begins } = order;
  let i = runs.length === 1 ? 0 : runAt(begins, from);
  const first = clip(runs[i], from - begins[i], to - begins[i]);
  if (begins[i] + runs[i].count >= to) return [first];
  const result = [first];
  for (i += 1; i < runs.length && begins[i] < to; i++) {
    result.push(clip(runs[i], 0, to - begins[i]));
  }
  return result;
}

/** The position at each place; the same array each time. */
export function positionsOf(order: Order): Int32Array {
  const { count, index, offset } = order;
  let positions = index !== undefined && offset === 0 ? index : POSITIONS.get(order);
  if (positions === undefined) {
    positions = new Int32Array(count);
    for (let place = 0; place < count; place++) positions[place] = (index?.[place] ?? place) + offset;
    POSITIONS.set(order, positions);
  }
  return positions;
}

const POSITIONS = new WeakMap<Order, Int32Array>();

function clip(run: Run, from: number, to: number): Run {
  const end = Math.min(to, run.count);
  if (from === 0 && end === run.count) return run;
  return { start: run.start + from * run.step, step: run.step, count: end - from };
}

/** The index of the run that holds a place, by binary search. */
function runAt(begins: Int32Array, place: number): number {
  let low = 0;
  let high = begins.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (begins[middle] <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}
