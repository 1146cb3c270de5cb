/** The tokens of a text, in a list that grows. */

/** Tokens of a block: a power of two. So no token is copied again and again, however many there are. */
const BLOCK_BITS = 14;
const BLOCK = 2 ** BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;

/** Tokens of the first block when it is new: so many need no memory outside of V8's own heap. */
const FEW = 5;

/** Numbers of a token: its id, where it begins and ends, and its word. */
const WIDTH = 4;

/** Ids, spans and words of tokens. Spans are in UTF-16 units of the original text. */
export class TokenList {
  length = 0;
  /** How much white space added tokens have at their start and end, by the token's index. */
  readonly margins: Map<number, readonly [number, number]> = new Map();
  private last: Int32Array = new Int32Array(FEW * WIDTH);
  private readonly blocks: Int32Array[] = [this.last];
  /** Numbers in the last block. */
  private size = 0;
  /** The number of the word that is being added. */
  private word = -1;

  /** The tokens that follow are of the next word. */
  beginWord(): void {
    this.word += 1;
  }

  /** Adds a token. */
  add(id: number, start: number, end: number): void {
    if (this.size === this.last.length) this.extend();
    const { last, size } = this;
    last[size] = id;
    last[size + 1] = start;
    last[size + 2] = end;
    last[size + 3] = this.word;
    this.size = size + WIDTH;
    this.length += 1;
  }

  /** The id of token i. */
  idAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS][(i & IN_BLOCK) * WIDTH];
  }

  /** Where token i begins. */
  startAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS][(i & IN_BLOCK) * WIDTH + 1];
  }

  /** Where token i ends. */
  endAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS][(i & IN_BLOCK) * WIDTH + 2];
  }

  /** The number of the word of token i. */
  wordAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS][(i & IN_BLOCK) * WIDTH + 3];
  }

  /** Makes room for one more token. */
  private extend(): void {
    const isFull = this.size === BLOCK * WIDTH;
    const block = new Int32Array(isFull ? this.size : Math.min(this.size * 4, BLOCK * WIDTH));
    if (isFull) {
      this.blocks.push(block);
      this.size = 0;
    } else {
      block.set(this.last);
      this.blocks[this.blocks.length - 1] = block;
    }
    this.last = block;
  }
}
