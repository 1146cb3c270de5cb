/**
 * Keeps track of the free parts of an address range: first fit, neighbours merged. Addresses and sizes are
 * multiples of 64.
 */

const ALIGNMENT = 64;

/** An allocator over [start, end), which can grow at its end. */
export class FreeList {
  /** Free ranges [from, to), ascending, none touching the next. */
  private readonly free: { from: number; to: number }[] = [];
  private readonly sizes = new Map<number, number>();
  private end: number;
  private used = 0;

  constructor(start: number, end: number) {
    this.end = end;
    const from = aligned(start);
    if (from < end) this.free.push({ from, to: end });
  }

  /** Number of bytes in use. */
  get usedBytes(): number {
    return this.used;
  }

  /**
   * Takes at least `bytes` bytes and returns their address, or undefined when no free part is large enough.
   */
  take(bytes: number): number | undefined {
    const size = Math.max(ALIGNMENT, aligned(bytes));
    const index = this.free.findIndex(({ from, to }) => to - from >= size);
    if (index < 0) return undefined;
    const range = this.free[index];
    const address = range.from;
    range.from += size;
    if (range.from === range.to) this.free.splice(index, 1);
    this.sizes.set(address, size);
    this.used += size;
    return address;
  }

  /** Gives back a range by the address that `take` returned. */
  give(address: number): void {
    const size = this.sizes.get(address);
    if (size === undefined) throw new RangeError(`address ${address} is not taken`);
    this.sizes.delete(address);
    this.used -= size;
    this.insert(address, address + size);
  }

  /** Number of bytes by which the range has to grow so that `take(bytes)` succeeds. */
  missing(bytes: number): number {
    const last = this.free.at(-1);
    const atEnd = last?.to === this.end ? last.to - last.from : 0;
    return Math.max(ALIGNMENT, aligned(bytes)) - atEnd;
  }

  /** Makes the range longer by this many bytes. */
  grow(bytes: number): void {
    this.insert(this.end, this.end + bytes);
    this.end += bytes;
  }

  private insert(from: number, to: number): void {
    let index = this.free.findIndex((range) => range.from > from);
    if (index < 0) index = this.free.length;
    const before = this.free[index - 1];
    const after = this.free[index];
    if (before?.to === from) {
      before.to = to;
      if (after?.from === to) {
        before.to = after.to;
        this.free.splice(index, 1);
      }
    } else if (after?.from === to) {
      after.from = from;
    } else {
      this.free.splice(index, 0, { from, to });
    }
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
