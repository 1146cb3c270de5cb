/** Working memory of kernels: a block per executable, of the size of the largest need, for every node. */
import { bytesPerElement, storageOver, type DType, type StorageOf } from '../tensor.ts';
import { ARENA_ALIGNMENT } from './memory.ts';
import type { Region } from './region.ts';

/** A bump allocator. The arrays that `take` returns are valid until `reset`; their content is undefined. */
export class Scratch {
  private block: Region | undefined;
  private used = 0;
  /** Blocks that became too small while arrays over them were still in use. */
  private outgrown: Region[] = [];
  private readonly allocate: (bytes: number) => Region;

  /** @param allocate makes blocks */
  constructor(allocate: (bytes: number) => Region) {
    this.allocate = allocate;
  }

  /** The bytes of the block. */
  get byteLength(): number {
    return this.block?.byteLength ?? 0;
  }

  /** Returns an array for `length` elements, aligned to 64 bytes. */
  take<D extends DType>(dtype: D, length: number): StorageOf[D] {
    const bytes = Math.ceil((length * bytesPerElement(dtype)) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
    if (this.block === undefined || this.used + bytes > this.block.byteLength) {
      const bigger = this.allocate(Math.max(2 * (this.block?.byteLength ?? 0), bytes));
      if (this.block) this.outgrown.push(this.block);
      this.block = bigger;
      this.used = 0;
    }
    const array = storageOver(dtype, this.block.buffer, this.block.byteOffset + this.used, length);
    this.used += bytes;
    return array;
  }

  /** Makes all arrays invalid; called before each node. */
  reset(): void {
    this.used = 0;
    for (const block of this.outgrown.splice(0)) block.release();
  }

  /** Releases all memory. */
  release(): void {
    this.reset();
    this.block?.release();
    this.block = undefined;
  }
}
