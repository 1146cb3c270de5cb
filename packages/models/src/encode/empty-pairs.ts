/** Tokenizes pairs of which the second text may be empty. */
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';
import { tokensWhere } from './cut-tokens.ts';
import type { CheckedInput } from './inputs.ts';
import { tokenizeAll, type TokenizeOptions } from './tokenize.ts';

/**
 * Tokenizers take an empty second text for none, which has no separators of a pair. What stands for it here
 * is taken out of the tokens again.
 */
const FILLER = '.';

/** `tokenizeAll`, for which a pair with an empty second text is a pair. Errors: those of `tokenizeAll`. */
export async function tokenizePairs(
  where: string,
  tokenizer: TextTokenizer | undefined,
  inputs: readonly CheckedInput[],
  options: TokenizeOptions,
): Promise<readonly TokenizedText[]> {
  const full = inputs.map((input) => (isEmptyPair(input) ? { ...input, pair: FILLER } : input));
  const texts = await tokenizeAll(where, tokenizer, full, options);
  return texts.map((tokens, i) =>
    isEmptyPair(inputs[i]) ? tokensWhere(tokens, (sequence) => sequence !== 1) : tokens,
  );
}

function isEmptyPair(input: CheckedInput): boolean {
  return 'text' in input && input.pair === '';
}
