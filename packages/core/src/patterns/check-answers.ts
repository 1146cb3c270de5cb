/**
 * Checks the answers of a pattern that a user defines: a function that forgets to return would hide every
 * key, in silence.
 */
import { invalidPattern } from './options.ts';
import type { Coverage, PatternDefinition } from './pattern.ts';
import { last } from './runs.ts';

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
      if (isCausal && answer === 'all' && last(k) > q.start)
        throw invalidPattern(
          `${type}'s classify to hide key ${last(k)} from query ${q.start}, as it isCausal`,
          answer,
        );
      return answer;
    },
    classifyRuns: classifyRuns && ((b, h, q, k) => covered('classifyRuns', classifyRuns(b, h, q, k))),
  };
}
