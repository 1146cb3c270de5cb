/** The inputs of `token-classification`: texts, and texts as lists of words, with their tokens. */
import { AttnError } from '@attn/core';
import { aString, checkArgument, checkOptions, show } from '@attn/core/backend';
import type { Checked } from '../../encode/options.ts';
import { repeatedOf } from '../../encode/windows.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import type { TokenizedText } from '../../tokenizer.ts';
import { tokenizeTexts } from '../../encode/run-texts.ts';
import type { TaskOptions } from '../task-options.ts';

/** A text, or its words where `is_split_into_words` is true. */
export type TokenText =
  | string
  | readonly string[]
  | {
      /** The text, or its words. */
      readonly text: string | readonly string[];
    };

/** A text, or its words. Errors: `INVALID_ARGUMENT`. */
export function readTokenText(where: string, value: unknown, name: string): string | readonly string[] {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    for (const [i, word] of value.entries()) checkArgument(where, `word ${i} of ${name}`, word, aString);
    return value as readonly string[];
  }
  if (typeof value === 'object' && value !== null) {
    const kinds = { text: { expected: 'a text or a list of words', test: isTextOrList } };
    const { text } = checkOptions(where, value as { readonly text?: unknown }, kinds, { name });
    if (text !== undefined) return readTokenText(where, text, name);
  }
  const message = `${name} must be a text, a list of words or { text }, got ${show(value)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function isTextOrList(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value);
}

/** A text with its tokens, which are undefined where it has none. */
export interface TextWithTokens {
  readonly text: string;
  readonly tokens: TokenizedText | undefined;
}

/** Tokenizes texts, in which nothing is tokenized that is empty. Errors: those of `tokenizeTexts`. */
export async function tokenizeWholeTexts(
  where: string,
  runnable: RunnableModel,
  texts: readonly string[],
  options: Checked<TaskOptions>,
): Promise<readonly TextWithTokens[]> {
  const inputs = texts.filter((text) => text !== '').map((text) => ({ text }));
  const tokenized = await tokenizeTexts(where, runnable, inputs, options);
  let next = 0;
  return texts.map((text) => ({ text, tokens: text === '' ? undefined : tokenized[next++] }));
}

/** Tokenizes lists of words, each word by itself. Errors: those of `tokenizeTexts`. */
export async function tokenizeWords(
  where: string,
  runnable: RunnableModel,
  lists: readonly (readonly string[])[],
  delimiter: string,
  options: Checked<TaskOptions>,
): Promise<readonly TextWithTokens[]> {
  const words = await tokenizeWholeTexts(where, runnable, lists.flat(), options);
  let next = 0;
  return lists.map((list) => {
    const own = words.slice(next, (next += list.length));
    return { text: list.join(delimiter), tokens: joinWords(own, delimiter.length) };
  });
}

/** The tokens of all words with one frame of special tokens; undefined where words have no tokens. */
function joinWords(words: readonly TextWithTokens[], gap: number): TokenizedText | undefined {
  const parts: TokenizedText[] = [];
  let start = 0;
  for (const { text, tokens } of words) {
    if (tokens?.sequences?.includes(0)) parts.push(movedBy(tokens, start));
    start += text.length + gap;
  }
  if (parts.length === 0) return undefined;
  const [first] = parts;
  const { before, after } = repeatedOf(first);
  const joined = <T>(columnOf: (tokens: TokenizedText) => readonly T[]): readonly T[] => [
    ...columnOf(first).slice(0, before),
    ...parts.flatMap((tokens) => {
      const own = repeatedOf(tokens);
      return columnOf(tokens).slice(own.before, tokens.ids.length - own.after);
    }),
    ...columnOf(first).slice(first.ids.length - after),
  ];
  return {
    ids: joined(({ ids }) => ids),
    sequences: joined(({ sequences = [] }) => sequences),
    ...(first.typeIds && { typeIds: joined(({ typeIds = [] }) => typeIds) }),
    ...(first.offsets && { offsets: joined(({ offsets = [] }) => offsets) }),
  };
}

/** Tokens whose text begins later. */
function movedBy(tokens: TokenizedText, start: number): TokenizedText {
  const offsets = tokens.offsets?.map((span) => span && ([span[0] + start, span[1] + start] as const));
  return { ...tokens, ...(offsets && { offsets }) };
}
