/**
 * Tokenizes texts without blocking the thread: between the pieces of a
 * text, and between texts, timers fire, pages paint and aborts arrive.
 */
import { AttnError } from '@attn/core';
import { createPause, show } from '@attn/core/backend';
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';

/** Milliseconds between turns of the event loop. An abort is noticed within about 50 milliseconds. */
const INTERVAL = 12;

/** Options of `tokenizeAll`. */
export interface TokenizeOptions {
  readonly signal: AbortSignal | undefined;
  /** Called with the number of characters that are done, and with the number of all. */
  readonly onCharacters: ((done: number, total: number) => void) | undefined;
}

/**
 * Turns texts into ids; inputs that are ids stay as they are. Errors: `MISSING_INPUT`
 * (a text, but no tokenizer), `INVALID_ARGUMENT` (a text without tokens), `ABORTED`.
 */
export async function tokenizeAll(
  where: string,
  tokenizer: TextTokenizer | undefined,
  inputs: readonly (string | readonly number[])[],
  { signal, onCharacters }: TokenizeOptions,
): Promise<readonly TokenizedText[]> {
  const total = inputs.reduce((sum, input) => sum + (typeof input === 'string' ? input.length : 0), 0);
  const pause = createPause(signal, where, INTERVAL);
  const texts: TokenizedText[] = [];
  let done = 0;
  if (total > 0) onCharacters?.(0, total);
  for (const [i, input] of inputs.entries()) {
    await pause();
    if (typeof input !== 'string') {
      texts.push({ ids: input, before: 0, after: 0 });
      continue;
    }
    const steps = stepsOf(where, tokenizer, input);
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      onCharacters?.(done + step.value, total);
      await pause();
    }
    if (step.value.ids.length === 0) {
      const message = `a text must have at least one token, got ${show(input)} at ${i}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    texts.push(step.value);
    done += input.length;
    if (input.length > 0) onCharacters?.(done, total);
  }
  return texts;
}

function stepsOf(
  where: string,
  tokenizer: TextTokenizer | undefined,
  text: string,
): Generator<number, TokenizedText, undefined> {
  if (tokenizer === undefined) {
    const message = 'this checkpoint has no files of a tokenizer: give ids instead of texts';
    throw new AttnError('MISSING_INPUT', where, message);
  }
  return tokenizer.encodeSteps?.(text) ?? atOnce(tokenizer, text);
}

// oxlint-disable-next-line require-yield -- one step has nothing between its steps
function* atOnce(tokenizer: TextTokenizer, text: string): Generator<number, TokenizedText, undefined> {
  return tokenizer.encode(text);
}
