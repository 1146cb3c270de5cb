/**
 * The sizes of a call without tensors, for `plan`, `explain` and
 * `export`. All have the same options and defaults.
 */
import { AttnError } from '@attn/core';
import { badArgument, integer, type Options } from './args.ts';
import type { Command } from './command.ts';

/** Largest position: positions are 32-bit integers. */
const MOST_POSITIONS = 2 ** 31 - 1;

/** Most heads times batch rows: far more than any model has, and few enough to plan each. */
const MOST_HEADS = 65_536;

/** Sizes of a call. */
export interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly queryLength: number;
  readonly keyLength: number;
  readonly queryOffset: number;
}

/** Options of the sizes. */
export const SIZE_OPTIONS: Command['options'] = [
  ['--n <count>', 'Number of tokens; queries and keys alike'],
  ['--query-length <count>', 'Number of queries, when it differs (default: n)'],
  ['--key-length <count>', 'Number of keys, when it differs (default: n)'],
  [
    '--query-offset <position>',
    'Position of query 0 (default: keys − queries); negative as --query-offset=-5',
  ],
  ['--heads <count>', 'Number of heads (default: 1)'],
  ['--batch <count>', 'Number of batch rows (default: 1)'],
];

/**
 * Reads the sizes.
 *
 * Errors: `MISSING_INPUT` without lengths, `INVALID_ARGUMENT` for a value that is not a size.
 */
export function readSizes(options: Options): Sizes {
  const n = integer(options, 'n', { most: MOST_POSITIONS });
  const queryLength = integer(options, 'queryLength', { most: MOST_POSITIONS }) ?? n;
  const keyLength = integer(options, 'keyLength', { most: MOST_POSITIONS }) ?? n;
  if (queryLength === undefined || keyLength === undefined) {
    const message = '--n is required, the number of tokens, or both --query-length and --key-length';
    throw new AttnError('MISSING_INPUT', 'cli', message);
  }
  const bounds = { least: -MOST_POSITIONS, most: MOST_POSITIONS };
  const queryOffset = integer(options, 'queryOffset', bounds) ?? keyLength - queryLength;
  const heads = integer(options, 'heads', { most: MOST_HEADS }) ?? 1;
  const batch = integer(options, 'batch', { most: MOST_HEADS }) ?? 1;
  if (heads * batch > MOST_HEADS) {
    throw badArgument(`--heads times --batch must be at most ${MOST_HEADS}, got ${heads * batch}`);
  }
  return { batch, heads, queryLength, keyLength, queryOffset };
}
