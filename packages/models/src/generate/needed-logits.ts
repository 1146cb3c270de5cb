/** Which logits of a step a search needs. What it does not need stays where it is computed. */
import type { BestShape } from '../model.ts';
import { candidatesOf } from './beam-search.ts';
import { Processors } from './processors.ts';
import type { SearchPlan } from './search.ts';

/** Most logits of a row that are chosen where they are computed. Of more, all come back. */
const MOST = 64;

/**
 * So many of the greatest logits of a row as tell what a search would do with all of them; undefined where
 * these are too many, or where rules may change the score of any token.
 */
export function neededLogits({ choice, rules }: SearchPlan, vocabSize: number): BestShape | undefined {
  const count = countOf(choice, rules.eos.length);
  if (count > MOST || count >= vocabSize) return undefined;
  const processors = new Processors(rules, vocabSize);
  for (let length = rules.promptLength; length < rules.maxLength; length++)
    if (processors.readAt(length)) return undefined;
  return { count, sums: choice.kind === 'beams' };
}

function countOf(choice: SearchPlan['choice'], endTokens: number): number {
  switch (choice.kind) {
    case 'greedy':
      return 1;
    case 'sample':
      return choice.topK > 0 ? choice.topK : Infinity;
    case 'beams':
      return candidatesOf(choice.beams, endTokens);
    default:
      return choice satisfies never;
  }
}
