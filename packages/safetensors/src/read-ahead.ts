/**
 * Ranges of a file that a program is about to read. Neighbours in the file share an answer, and the next
 * answer is on its way while one is read. A file of many small tensors then needs few requests.
 */

/** Some bytes of a file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Fetches ranges that lie end to end from `offset`. `onPart` gets each, by its index in `lengths`, as soon as
 * it is whole.
 */
export type FetchParts = (
  offset: number,
  lengths: readonly number[],
  signal: AbortSignal | undefined,
  onPart: (index: number, bytes: Uint8Array) => void,
) => Promise<void>;

/** Most bytes of an answer. Larger ranges are not read ahead. */
const ANSWER_BYTES = 8 * 2 ** 20;

/** Most bytes that are fetched before they are read. What would be more is read range by range. */
const MOST_AHEAD = 64 * 2 ** 20;

/** A range that somebody is going to read. */
class Piece implements ByteRange {
  readonly offset: number;
  readonly length: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
  /** Its place in the order in which pieces will be read. */
  place = 0;
  /** The pieces of its answer. */
  group: readonly Piece[] = [];
  isStarted = false;
  resolve: (bytes: Uint8Array) => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor({ offset, length }: ByteRange) {
    this.offset = offset;
    this.length = length;
    this.end = offset + length;
    this.bytes = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A piece whose request fails need not have a reader yet.
    this.bytes.catch(() => {});
  }
}

/** Reads known ranges of a file, each once. */
export class ReadAhead {
  private readonly fetchParts: FetchParts;
  private readonly signal: AbortSignal | undefined;
  private readonly stop = new AbortController();
  private readonly forward = (): void => this.stop.abort(this.signal?.reason);
  /** Pieces in the order in which they will be read. */
  private readonly order: readonly Piece[];
  /** Pieces that are not read yet, by their ends. */
  private readonly unread: Map<number, Piece>;
  private bytesAhead = 0;

  /** `ranges` are in the order in which they will be read. `signal` ends all requests. */
  constructor(ranges: readonly ByteRange[], fetchParts: FetchParts, signal: AbortSignal | undefined) {
    this.fetchParts = fetchParts;
    this.signal = signal;
    const small = ranges.filter(({ length }) => length > 0 && length <= ANSWER_BYTES);
    this.unread = new Map(small.map((range) => [range.offset + range.length, new Piece(range)]));
    this.order = [...this.unread.values()];
    for (const [place, piece] of this.order.entries()) piece.place = place;
    const inFile = this.order.toSorted((a, b) => a.offset - b.offset);
    for (const group of runsOf(inFile, ANSWER_BYTES)) for (const piece of group) piece.group = group;
    if (signal?.aborted) this.forward();
    signal?.addEventListener('abort', this.forward, { once: true });
  }

  /** The bytes of a range, or of its end; undefined for any other range, and for a second time. */
  read(offset: number, length: number): Promise<Uint8Array> | undefined {
    const piece = this.unread.get(offset + length);
    if (piece === undefined || offset < piece.offset) return undefined;
    this.start(piece.group);
    this.unread.delete(piece.end);
    if (!piece.isStarted) return undefined;
    this.bytesAhead -= piece.length;
    this.startNext(piece);
    return piece.bytes.then((bytes) => bytes.subarray(offset - piece.offset));
  }

  /** Ends its requests, and forgets what was not read. */
  end(): void {
    this.signal?.removeEventListener('abort', this.forward);
    this.unread.clear();
    this.stop.abort();
  }

  /** Requests the answer that is needed after that of a piece. */
  private startNext(piece: Piece): void {
    let next = piece.place + 1;
    while (this.order[next]?.group === piece.group) next += 1;
    if (next < this.order.length) this.start(this.order[next].group);
  }

  /** Requests the pieces of a group that nobody has read, unless too many bytes are ahead. */
  private start(group: readonly Piece[]): void {
    const waiting = group.filter((piece) => !piece.isStarted && this.unread.has(piece.end));
    const bytes = sizeOf(waiting);
    if (this.bytesAhead + bytes > MOST_AHEAD) return;
    this.bytesAhead += bytes;
    for (const run of runsOf(waiting, ANSWER_BYTES)) void this.fetch(run);
  }

  private async fetch(run: readonly Piece[]): Promise<void> {
    for (const piece of run) piece.isStarted = true;
    const lengths = run.map(({ length }) => length);
    try {
      await this.fetchParts(run[0].offset, lengths, this.stop.signal, (i, bytes) => run[i].resolve(bytes));
    } catch (error) {
      for (const piece of run) piece.reject(error);
    }
  }
}

/** Cuts pieces, which are sorted by their offsets, into runs without gaps of at most `most` bytes. */
function runsOf(pieces: readonly Piece[], most: number): readonly (readonly Piece[])[] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    const isNext = run?.at(-1)?.end === piece.offset && sizeOf(run) + piece.length <= most;
    if (isNext) run?.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
