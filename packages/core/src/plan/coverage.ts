/** Three-valued answers for intervals of an order that consist of several runs. */
import type { Coverage, Pattern } from '../patterns/pattern.ts';
import { hull, type Run } from '../patterns/runs.ts';

/** Above this many pairs of runs an interval is split instead of being examined. */
const MOST_PAIRS = 1 << 14;

/** A pattern restricted to one batch row and head. */
export interface HeadPattern {
  readonly pattern: Pattern;
  readonly batchRow: number;
  readonly head: number;
}

/**
 * Coverage of all pairs of the given runs. The hulls of both sides are tried first; then one side's runs against
 * the other side's hull, and single pairs only where that leaves a doubt. Stops at the first mixture.
 */
export function coverage(at: HeadPattern, queries: readonly Run[], keys: readonly Run[]): Coverage {
  const { pattern, batchRow, head } = at;
  if (queries.length === 1 && keys.length === 1) return pattern.classify(batchRow, head, queries[0], keys[0]);
  const queryHull = hull(queries);
  const keyHull = hull(keys);
  const whole = pattern.classify(batchRow, head, queryHull, keyHull);
  if (whole !== 'some' || queries.length * keys.length > MOST_PAIRS) return whole;

  let found: Coverage | undefined;
  const meets = (answer: Coverage): boolean => {
    if (answer === 'some' || (found !== undefined && answer !== found)) return false;
    found = answer;
    return true;
  };
  if (queries.length >= keys.length) {
    for (const q of queries) {
      const answer = pattern.classify(batchRow, head, q, keyHull);
      if (answer !== 'some' || keys.length === 1) {
        if (!meets(answer)) return 'some';
      } else {
        for (const k of keys) if (!meets(pattern.classify(batchRow, head, q, k))) return 'some';
      }
    }
  } else {
    for (const k of keys) {
      const answer = pattern.classify(batchRow, head, queryHull, k);
      if (answer !== 'some' || queries.length === 1) {
        if (!meets(answer)) return 'some';
      } else {
        for (const q of queries) if (!meets(pattern.classify(batchRow, head, q, k))) return 'some';
      }
    }
  }
  return found ?? 'none';
}
