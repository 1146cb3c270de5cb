/** Continues texts, token by token. */
import { AttnError } from '@attn/core';
import { checkOptions, show, withCallbacks } from '@attn/core/backend';
import { readIds } from '../encode/inputs.ts';
import { tokenizeAll } from '../encode/tokenize.ts';
import { repeatedOf } from '../encode/windows.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import type { SearchSource } from './open-decoder.ts';
import { generateAll, openSearch, type SearchCallbacks } from './open-search.ts';
import { GENERATE_KINDS, type Generated, type GenerateOptions, type Prompt } from './options.ts';

const WHERE = 'models/generate';

/** Implements `TextGenerator.generate`. */
export async function generate(
  runnable: RunnableModel,
  input: Prompt | readonly Prompt[],
  options: GenerateOptions = {},
): Promise<Generated | readonly Generated[]> {
  const checked = checkOptions(WHERE, options, GENERATE_KINDS);
  const { onToken, onText, onProgress, onWarning, signal, backend, ...rest } = checked;
  const search = openSearch(WHERE, runnable, rest);
  if (onText !== undefined && runnable.tokenizer === undefined)
    throw new AttnError('MISSING_INPUT', WHERE, 'onText needs a tokenizer, and this model has none');
  const isMany = isListOfPrompts(input);
  const prompts = isMany ? input : [input];
  const results = await withSearchCallbacks(
    { onToken, onText, onProgress, onWarning },
    signal,
    async ({ onWarning: warn, ...callbacks }, stop) => {
      for (const sentence of search.idle) warn(`[attn/models] generate: ${sentence}`);
      const sources: SearchSource[] = [];
      for (const [i, prompt] of prompts.entries()) {
        const name = isMany ? `prompt ${i}` : 'the prompt';
        sources.push(search.sourceOf(await promptIds(runnable, prompt, name, stop)));
      }
      return generateAll(WHERE, runnable, search, sources, { ...callbacks, backend, signal: stop });
    },
  );
  return isMany ? results : results[0];
}

/** The callbacks of a caller. */
type CallerCallbacks = Pick<GenerateOptions, 'onToken' | 'onText' | 'onProgress' | 'onWarning'>;

/** `withCallbacks` of callbacks that take several values. */
export async function withSearchCallbacks<R>(
  { onToken, onText, onProgress, onWarning = console.warn }: CallerCallbacks,
  signal: AbortSignal | undefined,
  work: (
    callbacks: Pick<SearchCallbacks, 'onToken' | 'onText' | 'onProgress'> & {
      readonly onWarning: (message: string) => void;
    },
    signal: AbortSignal | undefined,
  ) => Promise<R>,
): Promise<R> {
  const tokens = onToken && ((...[place]: [Parameters<typeof onToken>]) => onToken(...place));
  const texts = onText && ((...[place]: [Parameters<typeof onText>]) => onText(...place));
  return withCallbacks({ tokens, texts, onProgress, onWarning }, signal, (guarded, stop) => {
    const callbacks = {
      onToken:
        guarded.tokens && ((...place: Parameters<NonNullable<typeof onToken>>) => guarded.tokens?.(place)),
      onText: guarded.texts && ((...place: Parameters<NonNullable<typeof onText>>) => guarded.texts?.(place)),
      onProgress: guarded.onProgress,
      onWarning: guarded.onWarning,
    };
    return work(callbacks, stop);
  });
}

/** Whether an input is a list of prompts, and not a prompt of ids. */
function isListOfPrompts(input: Prompt | readonly Prompt[]): input is readonly Prompt[] {
  if (!Array.isArray(input)) return false;
  return typeof input[0] === 'string' || (typeof input[0] === 'object' && input[0] !== null);
}

async function promptIds(
  { model, tokenizer }: RunnableModel,
  prompt: Prompt,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  if (typeof prompt !== 'string') return readIds({ where: WHERE, name }, prompt, model.vocabSize);
  const options = { signal, onCharacters: undefined, limits: model };
  if (prompt === '') throw noTokens(WHERE, prompt, name);
  const [tokens] = await tokenizeAll(WHERE, tokenizer, [{ text: prompt }], options);
  return model.generation?.decoder ? tokens.ids : openEnd(WHERE, tokens, prompt, name);
}

/**
 * The ids of a text without the special tokens at its end, because the text goes on. Errors:
 * `INVALID_ARGUMENT` where no ids are left.
 */
export function openEnd(where: string, tokens: TokenizedText, text: string, name: string): readonly number[] {
  const { ids } = tokens;
  const { after } = repeatedOf(tokens);
  if (ids.length > after) return ids.slice(0, ids.length - after);
  throw noTokens(where, text, name);
}

/** The error of a text without tokens. */
export function noTokens(where: string, text: string, name: string): AttnError {
  const message = `${name} must have at least one token, got ${show(text)}`;
  return new AttnError('INVALID_ARGUMENT', where, message);
}
