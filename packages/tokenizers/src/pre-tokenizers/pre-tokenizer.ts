/** What a pre-tokenizer is: it cuts each piece of a text into smaller ones, which a model sees one by one. */
import type { Steps } from '../steps.ts';
import type { Pieces } from '../text/aligned.ts';

/** Cuts pieces into pieces, in small steps. It may change their text. Empty pieces are none. */
export type PreTokenizer = (pieces: Pieces) => Steps<Pieces>;

/** Several pre-tokenizers, one after the other. */
export function inOrder(preTokenizers: readonly PreTokenizer[]): PreTokenizer {
  return function* (pieces) {
    let result = pieces;
    for (const preTokenizer of preTokenizers) result = yield* preTokenizer(result);
    return result;
  };
}
