/** Checks what a tokenizer returns, which may be the caller's own: all columns fit the ids and the model. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Model } from '../model.ts';
import type { TextInput, TokenizedText } from '../tokenizer.ts';

/** What a model can take of a tokenizer. */
export type TokenLimits = Pick<Model, 'vocabSize' | 'tokenTypes'>;

/**
 * Reads the tokens of an input; the result always has `sequences`. Errors: `INVALID_ARGUMENT` with the value
 * and its place; `UNSUPPORTED` for a pair, if the tokenizer does not take pairs.
 */
export function readTokenized(
  where: string,
  value: TokenizedText,
  { pair }: TextInput,
  { vocabSize = Infinity, tokenTypes = 0 }: TokenLimits,
): TokenizedText {
  if (typeof value !== 'object' || value === null) {
    const message = `the tokenizer must return an object with ids, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const { ids, special, typeIds, sequences, offsets, words } = value;
  if (pair !== undefined && sequences === undefined) {
    const message = `the tokenizer does not take pairs: it must say in sequences which text each token is of, got ${show(value)} for a pair`;
    throw new AttnError('UNSUPPORTED', where, message);
  }
  checkColumn(where, 'ids', ids, integersBelow(vocabSize));
  const { length } = ids;
  if (special !== undefined) checkColumn(where, 'special', special, integersBelow(2), length);
  // A model of fewer types does not see them.
  const types = integersBelow(tokenTypes < 2 ? Infinity : tokenTypes);
  if (typeIds !== undefined) checkColumn(where, 'typeIds', typeIds, types, length);
  if (sequences !== undefined) checkColumn(where, 'sequences', sequences, SEQUENCES, length);
  if (offsets !== undefined) checkColumn(where, 'offsets', offsets, ANYTHING, length);
  if (words !== undefined) checkColumn(where, 'words', words, WORDS, length);
  return {
    ids,
    sequences: sequences ?? Array.from({ length }, (_, i) => (special?.[i] === 1 ? null : 0)),
    ...(special && { special }),
    ...(typeIds && { typeIds }),
    ...(offsets && { offsets }),
    ...(words && { words }),
  };
}

/** What the entries of a column must be. */
interface Entries {
  readonly expected: string;
  test(entry: unknown): boolean;
}

const ANYTHING: Entries = { expected: 'anything', test: () => true };

const SEQUENCES: Entries = {
  expected: '0, 1 or null',
  test: (entry) => entry === 0 || entry === 1 || entry === null,
};

const WORDS: Entries = {
  expected: 'integers or null',
  test: (entry) => entry === null || Number.isSafeInteger(entry),
};

function integersBelow(count: number): Entries {
  return {
    expected: count < Infinity ? `integers from 0 to ${count - 1}` : 'integers ≥ 0',
    test: (entry) => Number.isSafeInteger(entry) && Number(entry) >= 0 && Number(entry) < count,
  };
}

/** Columns may be long, so they are read in place. `length` is the number of ids. */
function checkColumn(where: string, name: string, column: unknown, entries: Entries, length?: number): void {
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, `the ${name} of the tokenizer must ${message}`);
  };
  if (!Array.isArray(column)) return fail(`be a list, got ${show(column)}`);
  if (length !== undefined && column.length !== length)
    return fail(`have an entry for each of ${length} ids, got ${show(column)}`);
  for (let i = 0; i < column.length; i++)
    if (!entries.test(column[i])) fail(`be ${entries.expected}, got ${show(column[i])} at [${i}]`);
}
