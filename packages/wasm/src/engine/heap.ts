/**
 * The memory that kernels work in: one WebAssembly memory with an allocator. It grows by the bytes that are
 * missing. WebAssembly cannot shrink a memory, so only a whole heap can be released; `engine.ts` does that
 * when the heap is empty.
 */
import { AttnError } from '@attn/core';
import { MAX_PAGES } from '../assembler/index.ts';
import { FreeList } from './free-list.ts';

const PAGE = 65_536;

/** The first address, so that no address is 0. */
const START = 64;

/**
 * The end of all addresses. Kernels may count past an array, but not past 2³²: the last mebibyte stays free.
 */
const END = MAX_PAGES * PAGE - 2 ** 20;

/** Memory with an allocator. Addresses stay valid when it grows; arrays over it may not. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  private readonly list: FreeList;
  private fixedBytes = 0;

  /**
   * Creates the memory. Errors: `OUT_OF_MEMORY`.
   * @param options.shared whether other threads may use it
   * @param options.start the lowest address to allocate, for tests of high addresses
   */
  constructor({ shared, start = START }: { readonly shared: boolean; readonly start?: number }) {
    this.isShared = shared;
    this.memory = createMemory({ shared, pages: Math.floor(start / PAGE) + 1 });
    this.list = new FreeList(start, this.end);
  }

  /** The memory's current buffer. `allocate` may replace it and detach the old one. */
  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  /** True when everything but fixed allocations has been freed. */
  get isEmpty(): boolean {
    return this.list.usedBytes === this.fixedBytes;
  }

  /** Number of allocated bytes. */
  get usedBytes(): number {
    return this.list.usedBytes;
  }

  /** Size of the memory in bytes. */
  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Allocates bytes and returns their address, a multiple of 64. Content is undefined. Errors:
   * `OUT_OF_MEMORY`.
   */
  allocate(bytes: number): number {
    let address = this.list.take(bytes);
    if (address === undefined) {
      this.grow(this.list.missing(bytes));
      address = this.list.take(bytes);
    }
    if (address === undefined) throw new AttnError('INTERNAL', 'wasm/run', `no room for ${bytes} bytes`);
    return address;
  }

  private grow(bytes: number): void {
    const { end, byteLength } = this;
    const outOfMemory = (why: string, cause?: unknown): AttnError => {
      const message = `could not grow the memory of ${byteLength} bytes by ${bytes}: ${why}`;
      return new AttnError('OUT_OF_MEMORY', 'wasm/run', message, { cause });
    };
    if (end + bytes > END)
      throw outOfMemory('WebAssembly has addresses for 4 GiB; another backend may have more');
    try {
      this.memory.grow(Math.ceil((end + bytes - byteLength) / PAGE));
    } catch (cause) {
      throw outOfMemory('the host refused', cause);
    }
    this.list.grow(this.end - end);
  }

  /** The first address behind those that can be allocated. */
  private get end(): number {
    return Math.min(this.byteLength, END);
  }

  /** Frees an allocation by the address that `allocate` returned. */
  free(address: number): void {
    this.list.give(address);
  }

  /** Allocates bytes that live as long as the heap. They do not prevent its release: see `isEmpty`. */
  allocateFixed(bytes: number): number {
    const before = this.list.usedBytes;
    const address = this.allocate(bytes);
    this.fixedBytes += this.list.usedBytes - before;
    return address;
  }

  /** Frees an allocation by the address that `allocateFixed` returned. */
  freeFixed(address: number): void {
    const before = this.list.usedBytes;
    this.free(address);
    this.fixedBytes -= before - this.list.usedBytes;
  }

  /** A view of 32-bit integers at an address. Invalid after the next `allocate`. */
  i32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  /** A view of f32 numbers at an address. Invalid after the next `allocate`. */
  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** A view of bytes at an address. Invalid after the next `allocate`. */
  u8(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  /** The address of an array in this memory; undefined for an array outside of it. */
  addressOf(data: ArrayBufferView): number | undefined {
    return data.buffer === this.memory.buffer ? data.byteOffset : undefined;
  }
}

/** Creates a memory with as much address space as the engine reserves: on phones some refuse 4 GiB of it. */
function createMemory({
  shared,
  pages,
}: {
  readonly shared: boolean;
  readonly pages: number;
}): WebAssembly.Memory {
  for (let maximum = MAX_PAGES; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared });
    } catch (cause) {
      if (maximum > 4096 && maximum / 2 >= pages) continue;
      throw new AttnError('OUT_OF_MEMORY', 'wasm/run', 'could not create a WebAssembly memory', { cause });
    }
  }
}
