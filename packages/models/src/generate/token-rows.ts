/** Rows of equally many tokens that grow together, and may each continue any other row. */
export class TokenRows {
  /** The tokens of each row; only the first `length` count. */
  rows: readonly Int32Array[];
  /** Tokens of every row. */
  length: number;
  private others: readonly Int32Array[];

  /** `most` is the greatest length; the first tokens of each row are set by the caller. */
  constructor(count: number, most: number, length: number) {
    this.rows = rowsOf(count, most);
    this.others = rowsOf(count, most);
    this.length = length;
  }

  /** Row i becomes row `sources[i]` with `tokens[i]` behind it. */
  extend(tokens: Int32Array, sources: Int32Array): void {
    const { rows, others, length } = this;
    for (const [i, row] of others.entries()) {
      const source = rows[sources[i]];
      for (let at = 0; at < length; at++) row[at] = source[at];
      row[length] = tokens[i];
    }
    this.rows = others;
    this.others = rows;
    this.length += 1;
  }
}

function rowsOf(count: number, length: number): readonly Int32Array[] {
  return Array.from({ length: count }, () => new Int32Array(length));
}
