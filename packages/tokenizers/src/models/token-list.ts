/** The tokens of a text, in columns that grow. */

/** Ids and spans of tokens, in UTF-16 units of the original text. */
export class TokenList {
  ids: Int32Array = new Int32Array(64);
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  length = 0;
  /** How much white space added tokens have at their start and end, by the token's index. */
  readonly margins: Map<number, readonly [number, number]> = new Map();

  /** Adds a token. */
  add(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) {
      this.ids = doubled(this.ids);
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.ids[this.length] = id;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length += 1;
  }
}

function doubled(values: Int32Array): Int32Array {
  const result = new Int32Array(values.length * 2);
  result.set(values);
  return result;
}
