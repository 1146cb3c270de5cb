/** Rows of one length for a model that computes several texts at once. */
import { AttnError } from '@attn/core';
import {
  aListOfNumbers,
  checkArgument,
  checkOptions,
  integer,
  listOf,
  oneOf,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import type { Encoding } from './encoding.ts';

/** How rows are padded. */
export interface PadOptions {
  /** The length of all rows; that of the longest by default. */
  readonly length?: number;
  /** The length is rounded up to a multiple of this. */
  readonly multipleOf?: number;
  /** Where the padding stands: `right` by default. */
  readonly side?: 'right' | 'left';
}

/** Rows of one length. */
export interface Padded {
  readonly ids: readonly (readonly number[])[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly (readonly number[])[];
  readonly typeIds: readonly (readonly number[])[];
}

const WHERE = 'tokenizers/pad';
const KINDS: OptionKinds<PadOptions> = {
  length: integer(0, 2 ** 31),
  multipleOf: integer(1, 2 ** 31),
  side: oneOf('right', 'left'),
};
const anEncoding: Kind = {
  expected: 'an encoding',
  test(value) {
    const { ids, typeIds } = Object(value) as Partial<Encoding>;
    const areLists = aListOfNumbers.test(ids) && aListOfNumbers.test(typeIds);
    return areLists && ids?.length === typeIds?.length;
  },
};
const ENCODINGS = listOf(anEncoding, 'a list of encodings');

/** Pads rows with `padId`. */
export function padded(
  encodings: readonly Encoding[],
  padId: number | undefined,
  options: PadOptions,
): Padded {
  const { length, multipleOf = 1, side = 'right' } = checkOptions(WHERE, options, KINDS);
  checkArgument(WHERE, 'encodings', encodings, ENCODINGS);
  const rows = Array.from(encodings);
  const longest = rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const size = Math.ceil((length ?? longest) / multipleOf) * multipleOf;
  if (longest > size) {
    const message = `length must be at least ${longest}, the tokens of the longest encoding, got ${size}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  if (padId === undefined && rows.some(({ ids }) => ids.length < size)) {
    throw new AttnError(
      'UNSUPPORTED',
      WHERE,
      `rows of different lengths need a padding token, and this tokenizer has none`,
    );
  }
  const fill = (row: readonly number[], value: number) => {
    const padding = new Array<number>(size - row.length).fill(value);
    return side === 'right' ? [...row, ...padding] : [...padding, ...row];
  };
  return {
    ids: rows.map(({ ids }) => fill(ids, padId ?? 0)),
    attentionMask: rows.map(({ ids }) => fill(new Array<number>(ids.length).fill(1), 0)),
    typeIds: rows.map(({ typeIds }) => fill(typeIds, 0)),
  };
}
