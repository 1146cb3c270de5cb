/** The best way through a word, from each place to the next. */
import { STRIDE, type Steps } from '../steps.ts';

/** The piece of characters that are none. */
export const UNKNOWN = -1;

/** The best ways to all places of a word, and then the one to its end. It can be used again and again. */
export class PathSearch {
  /** The sum of scores of the best way to each place. */
  best: Float64Array;
  /** How long its last piece is; 0 where no way leads to. */
  lengths: Int32Array;
  /** Its last piece, or `UNKNOWN`. */
  pieces: Int32Array;
  /** How many pieces the best way has, where neighbours that are unknown are one. */
  steps = 0;
  private total = 0;
  /** The best way, written from the back, since it is known from its end. */
  private pathStarts: Int32Array;
  private pathPieces: Int32Array;

  /** @param length of the longest word that is expected */
  constructor(length: number) {
    this.best = new Float64Array(length + 1);
    this.lengths = new Int32Array(length + 1);
    this.pieces = new Int32Array(length + 1);
    this.pathStarts = new Int32Array(length + 1);
    this.pathPieces = new Int32Array(length + 1);
  }

  /** Forgets the last word. */
  begin(length: number): void {
    if (length < this.best.length) {
      // New arrays are empty. To empty those of a long word again would take a long step.
      if (this.total > 0) this.lengths.fill(0, 0, length + 1);
    } else {
      this.best = new Float64Array(length + 1);
      this.lengths = new Int32Array(length + 1);
      this.pieces = new Int32Array(length + 1);
      this.pathStarts = new Int32Array(length + 1);
      this.pathPieces = new Int32Array(length + 1);
    }
    this.total = length;
    this.steps = 0;
  }

  /** Goes back the best way from the end of the word. */
  *trace(): Steps<void> {
    const { total, pathStarts, pathPieces } = this;
    pathStarts[total] = total;
    let at = total;
    for (let end = total, n = 1; end > 0; end -= this.lengths[end], n++) {
      const piece = this.pieces[end];
      if (piece !== UNKNOWN || at === total || pathPieces[at] !== UNKNOWN) at -= 1;
      pathStarts[at] = end - this.lengths[end];
      pathPieces[at] = piece;
      if (n % STRIDE === 0) yield;
    }
    this.steps = total - at;
  }

  /** Where piece i of the best way begins; the end of the word after the last one. */
  startOf(i: number): number {
    return this.pathStarts[this.total - this.steps + i];
  }

  /** Piece i of the best way. */
  pieceOf(i: number): number {
    return this.pathPieces[this.total - this.steps + i];
  }
}
