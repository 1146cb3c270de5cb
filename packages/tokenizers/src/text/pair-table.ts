/**
 * A hash table from two small integers to a third, in typed arrays: transitions of tries, merges of byte
 * pairs. The multipliers are drawn at random, so that no file can be written whose entries all collide.
 */

const FIRST = Math.floor(Math.random() * 2 ** 31) * 2 + 1;
const SECOND = Math.floor(Math.random() * 2 ** 31) * 2 + 1;

/** A map from pairs of integers ≥ 0 to integers ≥ 0. */
export class PairTable {
  private firsts: Int32Array;
  private seconds: Int32Array;
  private values: Int32Array;
  private shift: number;
  private size = 0;

  /** @param capacity pairs that are expected */
  constructor(capacity = 8) {
    const bits = Math.max(4, Math.ceil(Math.log2(capacity * 1.7 + 1)));
    this.shift = 32 - bits;
    this.firsts = new Int32Array(2 ** bits).fill(-1);
    this.seconds = new Int32Array(2 ** bits);
    this.values = new Int32Array(2 ** bits);
  }

  /** The value of a pair; -1 where there is none. */
  get(first: number, second: number): number {
    const slot = this.slotOf(first, second);
    return this.firsts[slot] === -1 ? -1 : this.values[slot];
  }

  /** Sets or replaces the value of a pair. */
  set(first: number, second: number, value: number): void {
    let slot = this.slotOf(first, second);
    if (this.firsts[slot] === -1) {
      if (this.size * 1.6 >= this.firsts.length) {
        this.grow();
        slot = this.slotOf(first, second);
      }
      this.size += 1;
      this.firsts[slot] = first;
      this.seconds[slot] = second;
    }
    this.values[slot] = value;
  }

  /** Where the pair is, or the free place for it. */
  private slotOf(first: number, second: number): number {
    const mask = this.firsts.length - 1;
    let slot = (Math.imul(first, FIRST) + Math.imul(second, SECOND)) >>> this.shift;
    while (this.firsts[slot] !== -1 && (this.firsts[slot] !== first || this.seconds[slot] !== second)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const { firsts, seconds, values } = this;
    this.shift -= 1;
    this.firsts = new Int32Array(firsts.length * 2).fill(-1);
    this.seconds = new Int32Array(firsts.length * 2);
    this.values = new Int32Array(firsts.length * 2);
    for (let i = 0; i < firsts.length; i++) {
      if (firsts[i] === -1) continue;
      const slot = this.slotOf(firsts[i], seconds[i]);
      this.firsts[slot] = firsts[i];
      this.seconds[slot] = seconds[i];
      this.values[slot] = values[i];
    }
  }
}
