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
 * Coverage of all pairs of the given runs. The hulls of both sides are tried first, then what the pattern
 * knows of several runs, then one side's runs against the other side's hull, and single pairs only where all
 * that leaves a doubt. Stops at the first mixture.
 */
export function coverage(at: HeadPattern, queries: readonly Run[], keys: readonly Run[]): Coverage {
  const { pattern, batchRow, head } = at;
  if (queries.length === 1 && keys.length === 1) return pattern.classify(batchRow, head, queries[0], keys[0]);
  const queryHull = hull(queries);
  const keyHull = hull(keys);
  const whole = pattern.classify(batchRow, head, queryHull, keyHull);
  if (whole !== 'some') return whole;
  const known = pattern.classifyRuns?.(batchRow, head, queries, keys) ?? 'some';
  if (known !== 'some') return known;
  if (queries.length * keys.length > MOST_PAIRS) return whole;

  const byQuery = queries.length >= keys.length;
  const [many, few, fewHull] = byQuery ? [queries, keys, keyHull] : [keys, queries, queryHull];
  const classify = (one: Run, other: Run): Coverage =>
    byQuery ? pattern.classify(batchRow, head, one, other) : pattern.classify(batchRow, head, other, one);
  return uniform(many, (run) => {
    const answer = classify(run, fewHull);
    return answer === 'some' && few.length > 1 ? uniform(few, (other) => classify(run, other)) : answer;
  });
}

/** The answer that all runs share, or `some` at the first that differs. */
function uniform(runs: readonly Run[], classify: (run: Run) => Coverage): Coverage {
  let found: Coverage | undefined;
  for (const run of runs) {
    const here = classify(run);
    if (here === 'some' || (found !== undefined && here !== found)) return 'some';
    found = here;
  }
  return found ?? 'none';
}
