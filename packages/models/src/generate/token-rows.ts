/** Rows of tokens that grow together, and may each go on with another row of equal length. */
import { ENDED } from './decoder.ts';

/** What a row begins with, and the most tokens that it may have with these. */
export interface RowBegin {
  readonly ids: readonly number[];
  readonly maxLength: number;
}

/** The rows of a search. */
export class TokenRows {
  /** The tokens of each row; only the first `lengths[row]` count. */
  rows: readonly Int32Array[];
  /** Tokens of each row. */
  readonly lengths: Int32Array;
  private others: readonly Int32Array[];

  constructor(begins: readonly RowBegin[]) {
    this.rows = begins.map(({ maxLength }) => new Int32Array(maxLength));
    this.others = begins.map(({ maxLength }) => new Int32Array(maxLength));
    this.lengths = Int32Array.from(begins, ({ ids }) => ids.length);
    for (const [i, { ids }] of begins.entries()) this.rows[i].set(ids);
  }

  /** Row i becomes row `sources[i]` with `tokens[i]` behind it, unless that is `ENDED`. */
  extend(tokens: Int32Array, sources: Int32Array): void {
    const { rows, others, lengths } = this;
    for (const [i, row] of others.entries()) {
      const source = rows[sources[i]];
      const length = lengths[i];
      for (let at = 0; at < length; at++) row[at] = source[at];
      if (tokens[i] === ENDED) continue;
      row[length] = tokens[i];
      lengths[i] = length + 1;
    }
    this.rows = others;
    this.others = rows;
  }
}

/** The begins of rows that continue prompts, so many for each. */
export function rowsOfPrompts(prompts: readonly RowBegin[], perPrompt: number): readonly RowBegin[] {
  return prompts.flatMap((prompt) => new Array<RowBegin>(perPrompt).fill(prompt));
}
