/** Options of a search in which ids are read and checked, whether a caller or a model's files gave them. */
import { toInteger, readIntegerList } from '../inputs/integers.ts';
import { inputError, type InputName } from '../inputs/entries.ts';
import { show } from '@attn/core/backend';
import type { SearchOptions } from './options.ts';

/** The options that hold lists of ids. */
interface IdOptions {
  readonly bad_words_ids?: readonly (readonly number[])[];
  readonly suppress_tokens?: readonly number[];
  readonly begin_suppress_tokens?: readonly number[];
  readonly forced_eos_token_id?: readonly number[];
  readonly eos_token_id?: readonly number[];
  readonly stop?: readonly string[];
}

/** Options with their ids as lists of numbers. */
export type SearchSettings = Omit<SearchOptions, keyof IdOptions> & IdOptions;

/**
 * Reads the ids of checked options. Errors: `INVALID_ARGUMENT` for what is no list of ids, or an id that the
 * model does not have.
 */
export function readSearchSettings(where: string, options: SearchOptions, vocabSize: number): SearchSettings {
  const { bad_words_ids, suppress_tokens, begin_suppress_tokens, forced_eos_token_id, ...others } = options;
  const { eos_token_id, stop, ...rest } = others;
  const list = <N extends keyof IdOptions>(
    name: N,
    value: unknown,
  ): { readonly [K in N]?: readonly number[] } =>
    value === undefined
      ? {}
      : ({ [name]: readIntegerList({ where, name }, value, vocabSize) } as {
          readonly [K in N]?: readonly number[];
        });
  for (const name of ['forced_bos_token_id', 'decoder_start_token_id'] as const) {
    const id = rest[name];
    if (id !== undefined) readIntegerList({ where, name }, [id], vocabSize);
  }
  return {
    ...rest,
    ...(bad_words_ids !== undefined && {
      bad_words_ids: readWords({ where, name: 'bad_words_ids' }, bad_words_ids, vocabSize),
    }),
    ...list('suppress_tokens', suppress_tokens),
    ...list('begin_suppress_tokens', begin_suppress_tokens),
    ...list('forced_eos_token_id', oneOrMore(forced_eos_token_id)),
    ...list('eos_token_id', oneOrMore(eos_token_id)),
    ...(stop !== undefined && { stop: typeof stop === 'string' ? [stop] : Array.from(stop) }),
  };
}

/** A single id as a list of one. */
function oneOrMore(value: unknown): unknown {
  return toInteger(value) === undefined ? value : [value];
}

function readWords(input: InputName, value: unknown, vocabSize: number): readonly (readonly number[])[] {
  if (!Array.isArray(value))
    throw inputError(input, 'INVALID_ARGUMENT', `must be a list of lists of ids, got ${show(value)}`);
  return value.map((word, i) => {
    const ids = readIntegerList({ where: input.where, name: `${input.name}[${i}]` }, word, vocabSize);
    if (ids.length > 0) return ids;
    throw inputError(input, 'INVALID_ARGUMENT', `must be lists of at least one id, got [] at [${i}]`);
  });
}
