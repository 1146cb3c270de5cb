/** Which logits of a step a search needs. What it does not need stays where it is computed. */
import type { BestShape } from '../model.ts';
import { candidatesOf } from './beam-group.ts';
import { Processors } from './processors.ts';
import type { SearchPlan } from './search.ts';

/** Most logits of a row that are chosen where they are computed. Of more, all come back. */
const MOST = 64;

/**
 * So many of the greatest logits of a row as tell what searches would do with all of them; undefined where
 * these are too many, or where rules may change the score of any token. The searches differ by nothing but
 * where their tokens stand.
 */
export function neededLogits(plans: readonly SearchPlan[], vocabSize: number): BestShape | undefined {
  const [{ choice, rules }] = plans;
  const count = countOf(choice, rules.eos.length);
  if (count > MOST || count >= vocabSize) return undefined;
  const processors = new Processors(rules, vocabSize);
  for (const { span } of plans)
    for (let length = span.promptLength; length < span.maxLength; length++)
      if (processors.readAt(length, span)) return undefined;
  return { count, sums: choice.kind === 'beams' };
}

function countOf(choice: SearchPlan['choice'], endTokens: number): number {
  switch (choice.kind) {
    case 'greedy':
      return 1;
    case 'sample':
      return choice.topK > 0 ? choice.topK : Infinity;
    case 'beams': {
      const { beams, draws } = choice;
      const candidates = candidatesOf(beams, endTokens);
      if (draws === undefined) return candidates;
      return draws.topK > 0 ? Math.max(draws.topK, candidates / beams) : Infinity;
    }
    default:
      return choice satisfies never;
  }
}
