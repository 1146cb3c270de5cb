/**
 * The memory that kernels work in: one WebAssembly memory with an allocator. It grows by what is missing. WebAssembly cannot
 * shrink a memory, so giving one back means to drop the whole heap; `engine.ts` does that when nothing is in it.
 */
import { AttnError } from '@attn/core';
import { MAX_PAGES } from '../assembler/index.ts';
import { FreeList } from './free-list.ts';

const PAGE = 65_536;

/** The first page starts with nothing in it, so that no address is 0. */
const START = 64;

/** Memory with an allocator. Addresses stay valid when it grows; arrays over it may not. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  private readonly list: FreeList;
  private fixedBytes = 0;

  /** @param options.shared whether other threads may use it. Errors: `OUT_OF_MEMORY`. */
  constructor({ shared }: { readonly shared: boolean }) {
    this.isShared = shared;
    this.memory = createMemory(shared);
    this.list = new FreeList(START, this.memory.buffer.byteLength);
  }

  /** The memory as it is now. After `allocate` it may be another object, and the old one empty. */
  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  /** True when nothing is allocated but what is fixed. */
  get isEmpty(): boolean {
    return this.list.usedBytes === this.fixedBytes;
  }

  /** Bytes that are allocated. */
  get usedBytes(): number {
    return this.list.usedBytes;
  }

  /** Bytes that the memory takes. */
  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /** The address of that many bytes, a multiple of 64; their content is undefined. Errors: `OUT_OF_MEMORY`. */
  allocate(bytes: number): number {
    let address = this.list.take(bytes);
    if (address === undefined) {
      const pages = Math.ceil(this.list.missing(bytes) / PAGE);
      try {
        this.memory.grow(pages);
      } catch (cause) {
        throw new AttnError(
          'OUT_OF_MEMORY',
          'wasm/run',
          `could not grow the memory of ${this.byteLength} bytes by ${pages * PAGE}`,
          { cause },
        );
      }
      this.list.grow(pages * PAGE);
      address = this.list.take(bytes);
    }
    if (address === undefined) throw new AttnError('INTERNAL', 'wasm/run', `no room for ${bytes} bytes`);
    return address;
  }

  /** Gives back what `allocate` returned. */
  free(address: number): void {
    this.list.give(address);
  }

  /** The same for what lives as long as the heap and does not keep it from being dropped. */
  allocateFixed(bytes: number): number {
    const before = this.list.usedBytes;
    const address = this.allocate(bytes);
    this.fixedBytes += this.list.usedBytes - before;
    return address;
  }

  /** Gives back what `allocateFixed` returned. */
  freeFixed(address: number): void {
    const before = this.list.usedBytes;
    this.free(address);
    this.fixedBytes -= before - this.list.usedBytes;
  }

  /** Memory at an address as numbers. Not to be kept across `allocate`. */
  i32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  u8(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  /** Where an array of this memory lies, or undefined for one from elsewhere. */
  addressOf(data: ArrayBufferView): number | undefined {
    return data.buffer === this.memory.buffer ? data.byteOffset : undefined;
  }
}

/** As much address space as the host reserves: some, on phones, refuse 4 GiB of shared memory. */
function createMemory(shared: boolean): WebAssembly.Memory {
  for (let maximum = MAX_PAGES; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch (cause) {
      if (maximum > 4096) continue;
      throw new AttnError('OUT_OF_MEMORY', 'wasm/run', 'could not create a WebAssembly memory', { cause });
    }
  }
}
