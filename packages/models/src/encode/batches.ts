/**
 * Rows of all lengths as few shapes, because each shape is a graph that a backend
 * has to compile: lengths are rounded up to a power of two or one and a half of
 * it, unless the model has a rule of its own, numbers of rows to a power of two.
 */
import type { Model } from '../model.ts';

/** Rows that run together, padded to one shape. */
export interface Batch {
  /** Numbers of the rows; fewer than `rows` when the batch is filled up with empty ones. */
  readonly members: readonly number[];
  readonly rows: number;
  readonly length: number;
}

/** What says how long a row becomes: the longest row of the model, and its own rule where it has one. */
export type Lengths = Pick<Model, 'maxLength' | 'graphLength'>;

/** What batches are made for. */
export interface BatchOptions extends Lengths {
  /** Most tokens of one batch, padding included; a single row may be longer. */
  readonly batchTokens: number;
  /** Whether rows may be padded; if not, only rows of equal length run together. */
  readonly padded: boolean;
}

/** Most rows of one batch. */
const MOST_ROWS = 32;

/** Shortest length that rows are padded to. */
const SHORTEST = 16;

/** The length that a row of this many tokens is padded to: one that changes nothing but time. */
export function rowLength(model: Lengths, length: number): number {
  return model.graphLength?.(length) ?? bucketLength(length, model.maxLength);
}

/** The same for models to which all lengths are alike. */
export function bucketLength(length: number, maxLength: number): number {
  let bucket = SHORTEST;
  while (bucket < length) bucket = Number.isInteger(Math.log2(bucket)) ? bucket * 1.5 : (bucket / 3) * 4;
  return Math.min(bucket, maxLength);
}

/** The batches, the longest first, so that what does not fit in memory fails at once. */
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
      const fitting = Math.max(1, Math.min(MOST_ROWS, Math.floor(batchTokens / Math.max(length, 1))));
      const most = 2 ** Math.floor(Math.log2(fitting));
      return split(members, most, padded).map((part) => ({
        members: part,
        rows: padded ? 2 ** Math.ceil(Math.log2(part.length)) : part.length,
        length,
      }));
    });
}

/** Parts of at most `most`; without padding, of powers of two, so that these are few shapes, too. */
function split(members: readonly number[], most: number, padded: boolean): readonly (readonly number[])[] {
  const parts: (readonly number[])[] = [];
  for (let at = 0; at < members.length;) {
    const remaining = members.length - at;
    const size = Math.min(most, padded ? remaining : 2 ** Math.floor(Math.log2(remaining)));
    parts.push(members.slice(at, at + size));
    at += size;
  }
  return parts;
}
