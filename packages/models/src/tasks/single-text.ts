/** Reads the inputs of tasks over single texts. */
import { AttnError } from '@attn/core';
import { aString, checkOptions, required, show, type OptionKinds } from '@attn/core/backend';

/** A text in an object, as the lines of files have it. */
export interface SingleText {
  readonly text: string;
}

const SINGLE: OptionKinds<SingleText> = { text: required(aString) };

/** A text, or `{ text }`. Errors: `INVALID_ARGUMENT`. */
export function readSingleText(where: string, value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return checkOptions(where, value as SingleText, SINGLE, { name }).text;
  throw new AttnError('INVALID_ARGUMENT', where, `${name} must be a text or { text }, got ${show(value)}`);
}
