/** The tokenizer of a task that works with single tokens and their names. */
import { AttnError } from '@attn/core';
import type { Tokenizer } from '@attn/tokenizers';
import type { RunnableModel } from '../runnable-model.ts';
import type { TextTokenizer } from '../tokenizer.ts';

/** A tokenizer that knows tokens by their names. A `Tokenizer` of `@attn/tokenizers` is one. */
export type TaskTokenizer = TextTokenizer &
  Pick<Tokenizer, 'tokenToId' | 'idToToken' | 'maskId' | 'padId' | 'decode'>;

/** The tokenizer of a model. Errors: `MISSING_INPUT` (there is none), `UNSUPPORTED` (one without names). */
export function taskTokenizer(
  where: string,
  { tokenizer }: Pick<RunnableModel, 'tokenizer'>,
  task: string,
): TaskTokenizer {
  if (tokenizer === undefined) {
    const message = `${task} needs a tokenizer, and this checkpoint has no files of one`;
    throw new AttnError('MISSING_INPUT', where, message);
  }
  if (knowsNames(tokenizer)) return tokenizer;
  const message = `${task} needs a tokenizer with tokenToId and idToToken, such as those of @attn/tokenizers`;
  throw new AttnError('UNSUPPORTED', where, message);
}

function knowsNames(tokenizer: TextTokenizer): tokenizer is TaskTokenizer {
  return tokenizer.idToToken !== undefined && 'tokenToId' in tokenizer;
}
