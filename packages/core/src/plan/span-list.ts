/** Spans of tiles per row block, collected in any row order and flattened to CSR at the end. */

/** A growing CSR builder: one linked list of spans per row block, in typed arrays. */
export class SpanList {
  private column = new Int32Array(256);
  private tiles = new Int32Array(256);
  private mask = new Int32Array(256);
  private next = new Int32Array(256);
  private length = 0;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;

  constructor(rowBlocks: number) {
    this.head = new Int32Array(rowBlocks).fill(-1);
    this.tail = new Int32Array(rowBlocks).fill(-1);
  }

  /** Appends tiles to a row block; columns must come in ascending order. Joins equal neighbours. */
  push(rowBlock: number, column: number, tiles: number, mask: number): void {
    const tail = this.tail[rowBlock];
    if (tail >= 0 && this.mask[tail] === mask && this.column[tail] + this.tiles[tail] === column) {
      this.tiles[tail] += tiles;
      return;
    }
    if (this.length === this.column.length) this.grow();
    const span = this.length++;
    this.column[span] = column;
    this.tiles[span] = tiles;
    this.mask[span] = mask;
    this.next[span] = -1;
    if (tail >= 0) this.next[tail] = span;
    else this.head[rowBlock] = span;
    this.tail[rowBlock] = span;
  }

  /** The CSR arrays of a `BlockPlan`. */
  flatten(): {
    rowStart: Uint32Array;
    spanColumn: Uint32Array;
    spanTiles: Uint32Array;
    spanMask: Int32Array;
  } {
    const rowStart = new Uint32Array(this.head.length + 1);
    const spanColumn = new Uint32Array(this.length);
    const spanTiles = new Uint32Array(this.length);
    const spanMask = new Int32Array(this.length);
    let at = 0;
    for (let row = 0; row < this.head.length; row++) {
      for (let span = this.head[row]; span >= 0; span = this.next[span]) {
        spanColumn[at] = this.column[span];
        spanTiles[at] = this.tiles[span];
        spanMask[at] = this.mask[span];
        at += 1;
      }
      rowStart[row + 1] = at;
    }
    return { rowStart, spanColumn, spanTiles, spanMask };
  }

  private grow(): void {
    const grow = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(array.length * 2);
      grown.set(array);
      return grown;
    };
    this.column = grow(this.column);
    this.tiles = grow(this.tiles);
    this.mask = grow(this.mask);
    this.next = grow(this.next);
  }
}
