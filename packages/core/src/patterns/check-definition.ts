/** What is checked of a pattern that a user defines: a function that forgets to return would hide every key, in silence. */
import { invalidPattern } from './options.ts';
import type { Coverage, PatternDefinition } from './pattern.ts';

const COVERAGES: readonly unknown[] = ['none', 'all', 'some'] satisfies Coverage[];

/** Functions of a pattern that answer for cells and runs. */
export type Answers = Pick<PatternDefinition, 'allows' | 'classify' | 'classifyRuns'>;

/** The definition's answers, which throw where they are none. Errors: `INVALID_PATTERN`. */
export function checkDefinition(definition: PatternDefinition): Answers {
  if (typeof definition !== 'object' || definition === null) {
    throw invalidPattern('definePattern to be given an object with type, allows and classify', definition);
  }
  const { type, allows, classify, classifyRuns } = definition;
  if (typeof type !== 'string') throw invalidPattern("definePattern's type to be a text", type);
  for (const [name, value] of Object.entries({ allows, classify })) {
    if (typeof value !== 'function') throw invalidPattern(`${type}'s ${name} to be a function`, value);
  }
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
