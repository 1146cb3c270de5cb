/** How many tokens of a text are its prompt. */
import type { TextTokenizer } from '../tokenizer.ts';
import { readTokenized } from './tokenized.ts';

/**
 * The number of tokens of a prompt by itself, without a special token at its end, as sentence-transformers
 * counts them. A prompt whose last letters join those of the text has other tokens there.
 */
export function promptTokens(where: string, tokenizer: TextTokenizer | undefined, prompt: string): number {
  if (prompt === '' || tokenizer === undefined) return 0;
  const { ids, sequences } = readTokenized(where, tokenizer.encode(prompt), { text: prompt }, {});
  return sequences?.at(-1) === null ? ids.length - 1 : ids.length;
}
