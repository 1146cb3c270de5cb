/** Merges for `Merger`, from lists of pairs or from the pieces of a sentencepiece model. */
import { PairTable } from '../text/pair-table.ts';
import type { Merges } from './merger.ts';

/** Merges, and the pairs of units at which they join. */
export interface MergeTables {
  readonly merges: Merges;
  readonly joints: PairTable;
}

/** Collects merges. */
export class MergeBuilder {
  private readonly table: PairTable;
  private readonly ranks: Int32Array;
  private readonly results: Int32Array;
  private readonly joints = new PairTable(1_024);
  private size = 0;

  /** @param capacity the most merges that there can be */
  constructor(capacity: number) {
    this.table = new PairTable(capacity);
    this.ranks = new Int32Array(capacity);
    this.results = new Int32Array(capacity);
  }

  /** Adds a merge of two symbols with these texts; a later one of the same pair replaces it. */
  add(first: string, firstId: number, second: string, secondId: number, rank: number, result: number): void {
    this.table.set(firstId, secondId, this.size);
    this.ranks[this.size] = rank;
    this.results[this.size] = result;
    this.size += 1;
    this.joints.set(first.charCodeAt(first.length - 1), second.charCodeAt(0), 1);
  }

  /** Notes that a text is one symbol, inside which nothing may be cut. */
  keepWhole(text: string): void {
    for (let i = 1; i < text.length; i++) this.joints.set(text.charCodeAt(i - 1), text.charCodeAt(i), 1);
  }

  finish(): MergeTables {
    const { table, ranks, results, joints } = this;
    return { merges: { table, ranks, results }, joints };
  }
}
