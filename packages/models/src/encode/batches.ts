/**
 * Groups rows of all lengths into few shapes, because a backend must compile a graph for
 * each shape. Lengths are rounded up to a power of two or one and a half times a power of
 * two, unless the model has its own rule; numbers of rows are rounded up to a power of two.
 */
import type { Model } from '../model.ts';

/** Rows that run together, padded to one shape. */
export interface Batch {
  /** Indices of the rows; fewer than `rows` when the batch is filled up with empty rows. */
  readonly members: readonly number[];
  readonly rows: number;
  readonly length: number;
}

/** The part of a model that decides the padded length of a row. */
export type Lengths = Pick<Model, 'maxLength' | 'graphLength'>;

/** Options of `batchesOf`. */
export interface BatchOptions extends Lengths {
  /** Most tokens of one batch, padding included; a single row may be longer. */
  readonly batchTokens: number;
  /** Whether rows may be padded. If not, only rows of equal length run together. */
  readonly padded: boolean;
}

/** Most rows of one batch. */
const MOST_ROWS = 32;

/** Shortest length that rows are padded to. */
const SHORTEST = 16;

/** The length to which a row of this many tokens is padded. It does not change the results. */
export function rowLength(model: Lengths, length: number): number {
  return model.graphLength?.(length) ?? bucketLength(length, model.maxLength);
}

/** How many rows of this padded length run together: a power of two. */
export function mostRows(length: number, batchTokens: number): number {
  const fitting = Math.max(1, Math.min(MOST_ROWS, Math.floor(batchTokens / Math.max(length, 1))));
  return 2 ** Math.floor(Math.log2(fitting));
}

/** The next length of the series 16, 24, 32, 48, …, for models whose results do not depend on padding. */
export function bucketLength(length: number, maxLength: number): number {
  let bucket = SHORTEST;
  while (bucket < length) bucket = Number.isInteger(Math.log2(bucket)) ? bucket * 1.5 : (bucket / 3) * 4;
  return Math.min(bucket, maxLength);
}

/**
 * Makes batches, those of the longest rows first, so that a batch that does not fit in memory fails at once.
 */
export function batchesOf(lengths: readonly number[], options: BatchOptions): readonly Batch[] {
  const { batchTokens, padded } = options;
  const buckets = new Map<number, number[]>();
  for (const [row, length] of lengths.entries()) {
    const bucket = padded ? rowLength(options, length) : length;
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), row]);
  }
  return [...buckets]
    .sort(([a], [b]) => b - a)
    .flatMap(([length, members]) => {
      return split(members, mostRows(length, batchTokens), { padded }).map((part) => ({
        members: part,
        rows: padded ? 2 ** Math.ceil(Math.log2(part.length)) : part.length,
        length,
      }));
    });
}

/**
 * Splits a list into parts of at most `most` members; without
 * padding, the sizes are powers of two, so that there are few shapes.
 */
function split(
  members: readonly number[],
  most: number,
  { padded }: Pick<BatchOptions, 'padded'>,
): readonly (readonly number[])[] {
  const parts: (readonly number[])[] = [];
  for (let at = 0; at < members.length;) {
    const remaining = members.length - at;
    const size = Math.min(most, padded ? remaining : 2 ** Math.floor(Math.log2(remaining)));
    parts.push(members.slice(at, at + size));
    at += size;
  }
  return parts;
}
