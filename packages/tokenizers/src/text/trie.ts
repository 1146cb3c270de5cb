/**
 * A prefix tree over UTF-16 units, for "the longest entry that begins here" and "all entries that begin
 * here".
 */
import { PairTable } from './pair-table.ts';

/** Entries are no longer than this, so that a look-up takes bounded time. */
export const LONGEST_ENTRY = 1_000;

/** A map from texts to integers ≥ 0 that can be walked unit by unit. */
export class Trie {
  private readonly next: PairTable;
  /** The nodes below the root, for the first unit: it rules out most places at once. */
  private readonly roots: Int32Array = new Int32Array(2 ** 16).fill(-1);
  private values: Int32Array = new Int32Array(64).fill(-1);
  private nodes = 1;

  /** @param capacity units of all entries together, about */
  constructor(capacity = 8) {
    this.next = new PairTable(capacity);
  }

  /** Whether there is no entry. */
  get isEmpty(): boolean {
    return this.nodes === 1;
  }

  /** Adds an entry; a later one with the same text replaces it. Texts that are empty are none. */
  add(text: string, value: number): void {
    if (text === '') return;
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = this.step(node, unit);
      if (child === -1) {
        child = this.nodes++;
        if (node === 0) this.roots[unit] = child;
        else this.next.set(node, unit, child);
        if (child >= this.values.length) this.grow();
      }
      node = child;
    }
    this.values[node] = value;
  }

  /** The node below `node` for this unit; -1 where there is none. The root is node 0. */
  step(node: number, unit: number): number {
    return node === 0 ? this.roots[unit] : this.next.get(node, unit);
  }

  /** The value of the entry that ends at a node; -1 where none does. */
  valueAt(node: number): number {
    return this.values[node];
  }

  /** Where the longest entry that begins at `from` ends; -1 where none begins there. */
  longest(text: string, from: number, to: number = text.length): number {
    let node = 0;
    let end = -1;
    for (let i = from; i < to; i++) {
      node = this.step(node, text.charCodeAt(i));
      if (node === -1) break;
      if (this.values[node] !== -1) end = i + 1;
    }
    return end;
  }

  /** The value of a text; -1 where it is no entry. */
  get(text: string, from: number = 0, to: number = text.length): number {
    let node = 0;
    for (let i = from; i < to; i++) {
      node = this.step(node, text.charCodeAt(i));
      if (node === -1) return -1;
    }
    return this.values[node];
  }

  private grow(): void {
    const values = new Int32Array(this.values.length * 2).fill(-1);
    values.set(this.values);
    this.values = values;
  }
}
