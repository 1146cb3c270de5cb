/** Three-valued answers about parts of an order that consist of several runs. */
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
 * The coverage of all pairs of two lists of runs. It asks the pattern about the hulls of both sides first,
 * then about both lists at once, then about one side's runs with the other side's hull, and about single
 * pairs of runs only where doubt remains. It stops at the first mixture.
 */
export function coverage(headPattern: HeadPattern, queries: readonly Run[], keys: readonly Run[]): Coverage {
  const { pattern, batchRow, head } = headPattern;
  if (queries.length === 1 && keys.length === 1) return pattern.classify(batchRow, head, queries[0], keys[0]);
  const queryHull = hull(queries);
  const keyHull = hull(keys);
  const whole = pattern.classify(batchRow, head, queryHull, keyHull);
  if (whole !== 'some') return whole;
  const ofLists = pattern.classifyRuns?.(batchRow, head, queries, keys) ?? 'some';
  if (ofLists !== 'some') return ofLists;
  if (queries.length * keys.length > MOST_PAIRS) return whole;

  const byQuery = queries.length >= keys.length;
  const [many, few, fewHull] = byQuery ? [queries, keys, keyHull] : [keys, queries, queryHull];
  const classify = (run: Run, other: Run): Coverage =>
    byQuery ? pattern.classify(batchRow, head, run, other) : pattern.classify(batchRow, head, other, run);
  return uniform(many, (run) => {
    const answer = classify(run, fewHull);
    return answer === 'some' && few.length > 1 ? uniform(few, (other) => classify(run, other)) : answer;
  });
}

/** The answer that all runs share, or `some` at the first that differs. */
function uniform(runs: readonly Run[], classify: (run: Run) => Coverage): Coverage {
  let answer: Coverage | undefined;
  for (const run of runs) {
    const here = classify(run);
    if (here === 'some' || (answer !== undefined && here !== answer)) return 'some';
    answer = here;
  }
  return answer ?? 'none';
}
