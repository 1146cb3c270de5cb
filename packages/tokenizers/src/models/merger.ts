/**
 * Joins the symbols of a word pair by pair, as byte-pair encoding does: always the pair of the lowest rank,
 * the leftmost of equal ones. A heap finds it, so that n symbols take n log n time whatever they are.
 */
import type { PairTable } from '../text/pair-table.ts';
import type { Steps } from '../steps.ts';

/** Which symbols may be joined. */
export interface Merges {
  /** From two symbols to the index of their merge. */
  readonly table: PairTable;
  /** By the index of a merge: the lower, the earlier. */
  readonly ranks: Int32Array;
  /** By the index of a merge: the symbol that it makes. */
  readonly results: Int32Array;
}

/** Positions in the queue take the lower bits of a number, ranks the upper ones. */
const POSITIONS = 2 ** 27;

/** Joins between two steps. */
const JOINS = 4_096;

/** The symbols of one word. */
export class Merger {
  private readonly merges: Merges;
  private symbols: Int32Array;
  private starts: Int32Array;
  private next: Int32Array;
  private previous: Int32Array;
  private size = 0;
  /** A heap: no entry is above those at twice its index + 1 and + 2. */
  private queue: Float64Array;
  private queued = 0;

  constructor(merges: Merges, capacity = 64) {
    this.merges = merges;
    this.symbols = new Int32Array(capacity);
    this.starts = new Int32Array(capacity);
    this.next = new Int32Array(0);
    this.previous = new Int32Array(0);
    this.queue = new Float64Array(0);
  }

  /** Forgets the last word. */
  clear(): void {
    this.size = 0;
    this.queued = 0;
  }

  /** Adds a symbol at the end; `start` is its place in the word. */
  add(symbol: number, start: number): void {
    if (this.size === this.symbols.length) this.grow();
    this.symbols[this.size] = symbol;
    this.starts[this.size] = start;
    this.size += 1;
  }

  /** Joins all that can be joined, in small steps. */
  *merge(): Steps<void> {
    const { size } = this;
    if (this.next.length < size) {
      const { length } = this.symbols;
      this.next = new Int32Array(length);
      this.previous = new Int32Array(length);
      // At first there is an entry for each pair, and each join replaces one by two at most.
      this.queue = new Float64Array(2 * length);
    }
    for (let i = 0; i < size; i++) {
      this.next[i] = i + 1 < size ? i + 1 : -1;
      this.previous[i] = i - 1;
      this.offer(i);
      if (i % JOINS === JOINS - 1) yield;
    }
    for (let joins = 1; this.queued > 0; joins++) {
      this.join();
      if (joins % JOINS === 0) yield;
    }
  }

  /** The symbol at index i; that at index 0 is always there in a word that is not empty. */
  symbolAt(i: number): number {
    return this.symbols[i];
  }

  /** Where in the word symbol i begins. */
  startOf(i: number): number {
    return this.starts[i];
  }

  /** The index of the symbol after symbol i; -1 at the end. */
  after(i: number): number {
    return this.next[i];
  }

  /** Puts the pair that begins at symbol i into the queue, if it can be joined. */
  private offer(i: number): void {
    const merge = this.mergeAt(i);
    if (merge === -1) return;
    const { queue } = this;
    const entry = this.merges.ranks[merge] * POSITIONS + i;
    let at = this.queued++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (queue[parent] <= entry) break;
      queue[at] = queue[parent];
      at = parent;
    }
    queue[at] = entry;
  }

  /**
   * Takes the first pair from the queue and joins it, unless one of its symbols has been joined otherwise.
   */
  private join(): void {
    const entry = this.take();
    const i = entry % POSITIONS;
    const merge = this.mergeAt(i);
    if (merge === -1 || this.merges.ranks[merge] !== Math.floor(entry / POSITIONS)) return;
    const second = this.next[i];
    const after = this.next[second];
    this.symbols[i] = this.merges.results[merge];
    this.symbols[second] = -1;
    this.next[i] = after;
    if (after !== -1) this.previous[after] = i;
    if (this.previous[i] !== -1) this.offer(this.previous[i]);
    this.offer(i);
  }

  private mergeAt(i: number): number {
    const second = this.next[i];
    if (second === -1 || this.symbols[i] < 0 || this.symbols[second] < 0) return -1;
    return this.merges.table.get(this.symbols[i], this.symbols[second]);
  }

  /** Takes the least entry out of the heap. */
  private take(): number {
    const { queue } = this;
    const least = queue[0];
    this.queued -= 1;
    const { queued } = this;
    const last = queue[queued];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queued) break;
      if (child + 1 < queued && queue[child + 1] < queue[child]) child += 1;
      if (queue[child] >= last) break;
      queue[at] = queue[child];
      at = child;
    }
    queue[at] = last;
    return least;
  }

  private grow(): void {
    const { symbols, starts } = this;
    this.symbols = new Int32Array(symbols.length * 2);
    this.starts = new Int32Array(symbols.length * 2);
    this.symbols.set(symbols);
    this.starts.set(starts);
  }
}
