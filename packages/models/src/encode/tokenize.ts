/**
 * Tokenizes texts without blocking the thread: between the pieces of a
 * text, and between texts, timers fire, pages paint and aborts arrive.
 */
import { AttnError } from '@attn/core';
import { createPause, show } from '@attn/core/backend';
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';
import type { CheckedInput, CheckedText } from './inputs.ts';
import { readTokenized, type TokenLimits } from './tokenized.ts';

/** Milliseconds between turns of the event loop. An abort is noticed within about 50 milliseconds. */
const INTERVAL = 12;

/** Options of `tokenizeAll`. */
export interface TokenizeOptions {
  readonly signal: AbortSignal | undefined;
  /** Called with the number of characters that are done, and with the number of all. */
  readonly onCharacters: ((done: number, total: number) => void) | undefined;
  /** What the model can take. */
  readonly limits: TokenLimits;
}

/**
 * Turns texts into ids; inputs that are ids, or have their tokens, stay as they are. Errors:
 * `MISSING_INPUT` (a text, but no tokenizer), `UNSUPPORTED` (a pair, but a tokenizer that does not take
 * pairs), `INVALID_ARGUMENT` (a text without tokens, tokens that the model does not have), `ABORTED`.
 */
export async function tokenizeAll(
  where: string,
  tokenizer: TextTokenizer | undefined,
  inputs: readonly CheckedInput[],
  { signal, onCharacters, limits }: TokenizeOptions,
): Promise<readonly TokenizedText[]> {
  const total = inputs.reduce((sum, input) => sum + charactersOf(input), 0);
  const pause = createPause(signal, where, INTERVAL);
  const texts: TokenizedText[] = [];
  let done = 0;
  if (total > 0) onCharacters?.(0, total);
  for (const [i, input] of inputs.entries()) {
    await pause();
    if (!('text' in input)) {
      texts.push({ ids: input });
      continue;
    }
    const steps = stepsOf(where, tokenizer, input);
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      onCharacters?.(done + step.value, total);
      await pause();
    }
    const tokens = readTokenized(where, step.value, input, limits);
    if (tokens.ids.length === 0) {
      const message = `a text must have at least one token, got ${show(input.pair === undefined ? input.text : input)} at ${i}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    texts.push(tokens);
    done += charactersOf(input);
    if (charactersOf(input) > 0) onCharacters?.(done, total);
  }
  return texts;
}

function charactersOf(input: CheckedInput): number {
  return 'text' in input ? input.text.length + (input.pair?.length ?? 0) : 0;
}

function stepsOf(
  where: string,
  tokenizer: TextTokenizer | undefined,
  { text, pair, tokens }: CheckedText,
): Generator<number, TokenizedText, undefined> {
  if (tokens !== undefined) return atOnce(() => tokens);
  if (tokenizer === undefined) {
    const message = 'this checkpoint has no files of a tokenizer: give ids instead of texts';
    throw new AttnError('MISSING_INPUT', where, message);
  }
  const options = pair === undefined ? undefined : { pair };
  return tokenizer.encodeSteps?.(text, options) ?? atOnce(() => tokenizer.encode(text, options));
}

// oxlint-disable-next-line require-yield -- one step has nothing between its steps
function* atOnce(encode: () => TokenizedText): Generator<number, TokenizedText, undefined> {
  return encode();
}
