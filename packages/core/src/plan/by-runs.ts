/** A pattern over the rows of a plane, from what it says of runs of positions. */
import type { PatternOverRows, PlaneRows } from '../patterns/pattern.ts';
import { coverage, type HeadPattern } from './coverage.ts';
import { positionsOf, runsBetween, type Order } from './order.ts';

/** The answers of a head's pattern over rows in these orders: from its own tables, or by runs. */
export function overOrders(headPattern: HeadPattern, queries: Order, keys: Order): PatternOverRows {
  const { pattern, batchRow, head } = headPattern;
  const rows: PlaneRows = {
    get queries() {
      return positionsOf(queries);
    },
    get keys() {
      return positionsOf(keys);
    },
    runs: Math.max(queries.runs.length, keys.runs.length),
    byRuns: (part) => byRuns({ ...headPattern, pattern: part }, queries, keys),
  };
  return pattern.overRows?.(batchRow, head, rows) ?? byRuns(headPattern, queries, keys);
}

function byRuns(headPattern: HeadPattern, queries: Order, keys: Order): PatternOverRows {
  const { pattern, batchRow, head } = headPattern;
  return {
    classify: (q0, q1, k0, k1) =>
      coverage(headPattern, runsBetween(queries, q0, q1), runsBetween(keys, k0, k1)),
    allows: (q, k) => pattern.allows(batchRow, head, positionAt(queries, q), positionAt(keys, k)),
    signature(q0, q1, k0, k1) {
      const [queryRuns, keyRuns] = [runsBetween(queries, q0, q1), runsBetween(keys, k0, k1)];
      if (queryRuns.length > 1 || keyRuns.length > 1) return undefined;
      const [q, k] = [queryRuns[0], keyRuns[0]];
      const signature = pattern.signature(batchRow, head, q, k);
      return signature === undefined ? undefined : `${signature}|${q.step},${q.count}|${k.step},${k.count}`;
    },
  };
}

function positionAt({ index, offset }: Order, place: number): number {
  return (index === undefined ? place : index[place]) + offset;
}
