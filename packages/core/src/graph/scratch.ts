/** Working memory of kernels: one block per executable that grows to the largest need and is reused by every node. */
import { bytesPerElement, storageOver, type DType, type StorageOf } from '../tensor.ts';
import { ARENA_ALIGNMENT } from './memory.ts';

/** A bump allocator. What `take` returns is valid until `reset`; its content is undefined. */
export class Scratch {
  private block: ArrayBufferLike | undefined;
  private used = 0;
  private readonly allocate: (bytes: number) => ArrayBufferLike;

  /** @param allocate where blocks come from */
  constructor(allocate: (bytes: number) => ArrayBufferLike) {
    this.allocate = allocate;
  }

  /** Bytes of the block. */
  get byteLength(): number {
    return this.block?.byteLength ?? 0;
  }

  /** An array for `length` elements, 64-byte aligned. */
  take<D extends DType>(dtype: D, length: number): StorageOf[D] {
    const bytes = Math.ceil((length * bytesPerElement(dtype)) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
    if (this.block === undefined || this.used + bytes > this.block.byteLength) {
      // Arrays handed out before keep the old block alive as long as they need it.
      this.block = this.allocate(Math.max(2 * (this.block?.byteLength ?? 0), bytes));
      this.used = 0;
    }
    const array = storageOver(dtype, this.block, this.used, length);
    this.used += bytes;
    return array;
  }

  /** Takes back everything; called before each node. */
  reset(): void {
    this.used = 0;
  }

  /** Gives the block up. */
  release(): void {
    this.block = undefined;
    this.used = 0;
  }
}
