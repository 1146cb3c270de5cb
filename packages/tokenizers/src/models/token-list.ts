/** The tokens of a text, in columns that grow. */

/** Tokens of a block: a power of two. So no token is ever copied, however many there are. */
const BLOCK_BITS = 14;
const BLOCK = 2 ** BLOCK_BITS;
const IN_BLOCK = BLOCK - 1;

/** Tokens of the first block when it is new. Most texts are short. */
const FEW = 64;

/** Ids and spans of tokens, in UTF-16 units of the original text. */
export class TokenList {
  length = 0;
  /** How much white space added tokens have at their start and end, by the token's index. */
  readonly margins: Map<number, readonly [number, number]> = new Map();
  private readonly blocks: Block[] = [];
  private last: Block = newBlock(FEW);
  /** Tokens of the last block. */
  private size = 0;

  constructor() {
    this.blocks.push(this.last);
  }

  /** Adds a token. */
  add(id: number, start: number, end: number): void {
    if (this.size === this.last.ids.length) this.extend();
    const { last, size } = this;
    last.ids[size] = id;
    last.starts[size] = start;
    last.ends[size] = end;
    this.size = size + 1;
    this.length += 1;
  }

  /** The id of token i. */
  idAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS].ids[i & IN_BLOCK];
  }

  /** Where token i begins. */
  startAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS].starts[i & IN_BLOCK];
  }

  /** Where token i ends. */
  endAt(i: number): number {
    return this.blocks[i >> BLOCK_BITS].ends[i & IN_BLOCK];
  }

  /** Makes room for one more token. */
  private extend(): void {
    if (this.size === BLOCK) {
      this.last = newBlock(BLOCK);
      this.blocks.push(this.last);
      this.size = 0;
      return;
    }
    const { ids, starts, ends } = this.last;
    this.last = newBlock(Math.min(this.size * 4, BLOCK));
    this.last.ids.set(ids);
    this.last.starts.set(starts);
    this.last.ends.set(ends);
    this.blocks[this.blocks.length - 1] = this.last;
  }
}

interface Block {
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

function newBlock(size: number): Block {
  return { ids: new Int32Array(size), starts: new Int32Array(size), ends: new Int32Array(size) };
}
