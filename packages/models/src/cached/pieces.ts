/** How a prompt is cut into pieces, each of which one run adds to a cache. */

/**
 * Most tokens that a run adds to a row. What a piece sees of a long row is this many logits a key and head,
 * however long the prompt is.
 */
export const MOST_TOKENS = 128;

/** Prompts of up to so many tokens are added token by token: that needs no graph beside that of the steps. */
const FEW = 4;

/** The shortest piece; shorter prompts are padded. */
const SHORTEST = 16;

/** Tokens of a piece of a prompt, a power of two. The last piece of a prompt may be padded. */
export function pieceLength(promptLength: number): number {
  if (promptLength <= FEW) return 1;
  return Math.min(MOST_TOKENS, Math.max(SHORTEST, powerAbove(promptLength)));
}

/** The least power of two that is not below a number. */
export function powerAbove(number: number): number {
  return 2 ** Math.ceil(Math.log2(number));
}
