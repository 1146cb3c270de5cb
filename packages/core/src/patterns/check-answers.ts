/**
 * Checks the answers of a pattern that a user defines: a function that forgets to return would hide every
 * key, in silence.
 */
import { invalidPattern } from './options.ts';
import type { Coverage, PatternDefinition } from './pattern.ts';
import { last, type Run } from './runs.ts';

const COVERAGES: readonly unknown[] = ['none', 'all', 'some'] satisfies Coverage[];

/** Functions of a pattern that answer for cells and runs. */
export type Answers = Pick<PatternDefinition, 'allows' | 'classify' | 'classifyRuns'>;

/**
 * The functions of a definition, checked at every call. Errors: `INVALID_PATTERN` for what is no answer, and
 * for one that contradicts `isCausal`.
 */
export function checkAnswers(definition: PatternDefinition): Answers {
  const { type, allows, classify, classifyRuns, isCausal = false } = definition;
  const covered = (name: string, answer: Coverage): Coverage => {
    if (COVERAGES.includes(answer)) return answer;
    throw invalidPattern(`${type}'s ${name} to return 'none', 'all' or 'some'`, answer);
  };
  /** Throws if an answer for all pairs of runs includes a key after its query. */
  const checkPast = (name: string, queries: readonly Run[], keys: readonly Run[]): void => {
    // Not by spreading: a list of runs can be as long as the sequence.
    const q = queries.reduce((least, { start }) => Math.min(least, start), Infinity);
    const k = keys.reduce((most, run) => Math.max(most, last(run)), -Infinity);
    if (k > q)
      throw invalidPattern(`${type}'s ${name} to hide key ${k} from query ${q}, as it isCausal`, 'all');
  };
  return {
    allows(b, h, q, k) {
      const answer: unknown = allows(b, h, q, k);
      if (isCausal && k > q && answer === true)
        throw invalidPattern(
          `${type}'s allows to be false for query ${q} and key ${k}, as it isCausal`,
          answer,
        );
      if (typeof answer === 'boolean') return answer;
      throw invalidPattern(`${type}'s allows to return true or false for query ${q} and key ${k}`, answer);
    },
    classify(b, h, q, k) {
      const answer = covered('classify', classify(b, h, q, k));
      if (isCausal && answer === 'all') checkPast('classify', [q], [k]);
      return answer;
    },
    classifyRuns:
      classifyRuns &&
      ((b, h, queries, keys) => {
        const answer = covered('classifyRuns', classifyRuns(b, h, queries, keys));
        if (isCausal && answer === 'all') checkPast('classifyRuns', queries, keys);
        return answer;
      }),
  };
}
