/** Checks what a tokenizer returns, which may be the caller's own: all columns fit the ids and the model. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { readIntegerList } from '../inputs/integers.ts';
import type { Model } from '../model.ts';
import type { TextInput, TokenizedText } from '../tokenizer.ts';

/** What a model can take of a tokenizer. */
export type TokenLimits = Pick<Model, 'vocabSize' | 'tokenTypes'>;

type Column = Exclude<keyof TokenizedText, 'ids'>;

/**
 * Reads the tokens of an input; the result always has `sequences`. Errors: `INVALID_ARGUMENT` with the value
 * and its place; `UNSUPPORTED` for a pair, if the tokenizer does not take pairs.
 */
export function readTokenized(
  where: string,
  value: TokenizedText,
  input: TextInput,
  { vocabSize, tokenTypes = 0 }: TokenLimits,
): TokenizedText {
  if (typeof value !== 'object' || value === null) {
    const message = `the tokenizer must return an object with ids, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  if (input.pair !== undefined && value.sequences === undefined) {
    const message = `the tokenizer does not take pairs: it must say in sequences which text each token is of, got ${show(value)} for a pair`;
    throw new AttnError('UNSUPPORTED', where, message);
  }
  const ids = readIntegerList({ where, name: 'the ids of the tokenizer' }, value.ids, vocabSize);
  const integers = (column: Column, count?: number): readonly number[] | undefined =>
    value[column] === undefined
      ? undefined
      : ofLength(where, column, readIntegerList(label(where, column), value[column], count), ids.length);
  const special = integers('special', 2);
  const typeIds = integers('typeIds', tokenTypes < 2 ? Infinity : tokenTypes);
  const sequences = readSequences(where, value.sequences, ids.length) ?? sequencesOf(special, ids.length);
  const { offsets } = value;
  if (offsets !== undefined) ofLength(where, 'offsets', offsets, ids.length);
  return {
    ids,
    sequences,
    ...(special && { special }),
    ...(typeIds && { typeIds }),
    ...(offsets && { offsets }),
  };
}

function readSequences(
  where: string,
  sequences: TokenizedText['sequences'],
  length: number,
): TokenizedText['sequences'] {
  if (sequences === undefined) return undefined;
  const wrong = ofLength(where, 'sequences', sequences, length).findIndex(
    (sequence) => sequence !== 0 && sequence !== 1 && sequence !== null,
  );
  if (wrong < 0) return sequences;
  const message = `the sequences of the tokenizer must be 0, 1 or null, got ${show(sequences[wrong])} at [${wrong}]`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function sequencesOf(special: readonly number[] | undefined, length: number): readonly (0 | null)[] {
  return Array.from({ length }, (_, i) => (special?.[i] === 1 ? null : 0));
}

function ofLength<T>(where: string, column: Column, list: readonly T[], length: number): readonly T[] {
  if (Array.isArray(list) && list.length === length) return list;
  const message = `the ${column} of the tokenizer must have an entry for each of ${length} ids, got ${show(list)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function label(where: string, column: Column): { readonly where: string; readonly name: string } {
  return { where, name: `the ${column} of the tokenizer` };
}
