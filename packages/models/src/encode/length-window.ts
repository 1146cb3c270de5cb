/**
 * Texts that wait to run, by their padded length. Those of one length run together, whatever their order, so
 * that batches are full and little of them is padding.
 */
import { mostRows, rowLength, type Lengths } from './batches.ts';

/** What a window needs to know of a call. */
export interface WindowRules {
  readonly lengths: Lengths;
  /** Whether rows may be padded. If not, only rows of equal length run together. */
  readonly padded: boolean;
  /** Most tokens of one row. */
  readonly longest: number;
  readonly batchTokens: number;
  /** How many later texts may run before a text that waits for others of its length. */
  readonly patience: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly tokens: number;
  /** How many texts came before it. */
  readonly place: number;
}

export class LengthWindow<T> {
  /** Number of texts that wait. */
  size = 0;
  /** Number of their tokens. */
  tokens = 0;
  private readonly rules: WindowRules;
  private readonly buckets = new Map<number, Waiting<T>[]>();
  private added = 0;

  constructor(rules: WindowRules) {
    this.rules = rules;
  }

  /** Adds a text of so many tokens. */
  add(item: T, tokens: number): void {
    const { lengths, padded, longest } = this.rules;
    const row = Math.min(tokens, longest);
    const length = padded ? rowLength(lengths, row) : row;
    const bucket = this.buckets.get(length) ?? [];
    this.buckets.set(length, bucket);
    bucket.push({ item, tokens, place: this.added++ });
    this.size += 1;
    this.tokens += tokens;
  }

  /**
   * Takes the texts of one batch: those of the length that fills it best, or those of the length of a text
   * that has waited for too many others. Takes none where none waits.
   */
  take(): readonly T[] {
    const { batchTokens, patience } = this.rules;
    let best: { readonly length: number; readonly share: number } | undefined;
    let oldest: { readonly length: number; readonly place: number } | undefined;
    for (const [length, bucket] of this.buckets) {
      const share = Math.min(bucket.length / mostRows(length, batchTokens), 1);
      if (best === undefined || share > best.share) best = { length, share };
      const [{ place }] = bucket;
      if (oldest === undefined || place < oldest.place) oldest = { length, place };
    }
    if (best === undefined || oldest === undefined) return [];
    const { length } = this.added - oldest.place > patience ? oldest : best;
    const bucket = this.buckets.get(length) ?? [];
    const batch = bucket.splice(0, mostRows(length, batchTokens));
    if (bucket.length === 0) this.buckets.delete(length);
    this.size -= batch.length;
    for (const { tokens } of batch) this.tokens -= tokens;
    return batch.map(({ item }) => item);
  }
}
