/**
 * What is checked of the answers of a pattern that a user defines: a function that forgets to return would
 * hide every key, in silence.
 */
import { invalidPattern } from './options.ts';
import type { Coverage, PatternDefinition } from './pattern.ts';

const COVERAGES: readonly unknown[] = ['none', 'all', 'some'] satisfies Coverage[];

/** Functions of a pattern that answer for cells and runs. */
export type Answers = Pick<PatternDefinition, 'allows' | 'classify' | 'classifyRuns'>;

/** The definition's functions, which throw where they give no answer. Errors: `INVALID_PATTERN`. */
export function checkAnswers({ type, allows, classify, classifyRuns }: PatternDefinition): Answers {
  const covered = (name: string, answer: Coverage): Coverage => {
    if (COVERAGES.includes(answer)) return answer;
    throw invalidPattern(`${type}'s ${name} to return 'none', 'all' or 'some'`, answer);
  };
  return {
    allows(b, h, q, k) {
      const answer: unknown = allows(b, h, q, k);
      if (typeof answer === 'boolean') return answer;
      throw invalidPattern(`${type}'s allows to return true or false for query ${q} and key ${k}`, answer);
    },
    classify: (b, h, q, k) => covered('classify', classify(b, h, q, k)),
    classifyRuns: classifyRuns && ((b, h, q, k) => covered('classifyRuns', classifyRuns(b, h, q, k))),
  };
}
