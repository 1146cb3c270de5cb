/** Where the pieces of a text are. */

/** Pieces of a text, in order: piece i goes from `from(i)` to `to(i)`. */
export class Bounds {
  private values: Int32Array;
  private size = 0;

  /** @param capacity pieces that are expected */
  constructor(capacity = 8) {
    this.values = new Int32Array(2 * capacity);
  }

  /** A single piece. */
  static whole(length: number): Bounds {
    const bounds = new Bounds(1);
    bounds.add(0, length);
    return bounds;
  }

  /** How many pieces there are. */
  get count(): number {
    return this.size / 2;
  }

  /** Where piece i begins. */
  from(i: number): number {
    return this.values[2 * i];
  }

  /** Where piece i ends. */
  to(i: number): number {
    return this.values[2 * i + 1];
  }

  /** Adds a piece. */
  add(from: number, to: number): void {
    if (this.size === this.values.length) {
      const values = new Int32Array(this.size * 2);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.size] = from;
    this.values[this.size + 1] = to;
    this.size += 2;
  }
}
