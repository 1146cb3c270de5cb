/** Reads the inputs of tasks over texts and pairs of texts. */
import { AttnError } from '@attn/core';
import { aString, checkArgument, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import type { TextInput } from '../tokenizer.ts';

/** Two texts that a model reads together. */
export interface TextPair {
  readonly text: string;
  /** The second text: the hypothesis of a premise, the answer to a question. */
  readonly text_pair?: string;
}

const PAIR: OptionKinds<TextPair> = { text: aString, text_pair: aString };

/** A text, or a pair `{ text, text_pair }`. Errors: `INVALID_ARGUMENT`. */
export function readText(where: string, value: unknown, name: string): TextInput {
  if (typeof value === 'string') return { text: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `${name} must be a text or { text, text_pair }, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const { text, text_pair: pair } = checkOptions(where, value as TextPair, PAIR, { name });
  checkArgument(where, `text of ${name}`, text, aString);
  return pair === undefined ? { text } : { text, pair };
}
