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

/**
 * No kernel may count past 2³², where addresses begin anew: nothing lies in the last mebibyte that a memory
 * can have.
 */
const END = MAX_PAGES * PAGE - 2 ** 20;

/** Memory with an allocator. Addresses stay valid when it grows; arrays over it may not. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  private readonly list: FreeList;
  private fixedBytes = 0;

  /**
   * Errors: `OUT_OF_MEMORY`.
   * @param options.shared whether other threads may use it
   * @param options.start the least address that is given out, for tests of high ones
   */
  constructor({ shared, start = START }: { readonly shared: boolean; readonly start?: number }) {
    this.isShared = shared;
    this.memory = createMemory(shared, Math.floor(start / PAGE) + 1);
    this.list = new FreeList(start, this.end);
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
      this.grow(this.list.missing(bytes));
      address = this.list.take(bytes);
    }
    if (address === undefined) throw new AttnError('INTERNAL', 'wasm/run', `no room for ${bytes} bytes`);
    return address;
  }

  private grow(bytes: number): void {
    const { end, byteLength } = this;
    const fail = (why: string, cause?: unknown): AttnError => {
      const message = `could not grow the memory of ${byteLength} bytes by ${bytes}: ${why}`;
      return new AttnError('OUT_OF_MEMORY', 'wasm/run', message, { cause });
    };
    if (end + bytes > END) throw fail('WebAssembly has addresses for 4 GiB; another backend may have more');
    try {
      this.memory.grow(Math.ceil((end + bytes - byteLength) / PAGE));
    } catch (cause) {
      throw fail('the host refused', cause);
    }
    this.list.grow(this.end - end);
  }

  /** The first address that is not given out. */
  private get end(): number {
    return Math.min(this.byteLength, END);
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
function createMemory(shared: boolean, initial: number): WebAssembly.Memory {
  for (let maximum = MAX_PAGES; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared });
    } catch (cause) {
      if (maximum > 4096 && maximum / 2 >= initial) continue;
      throw new AttnError('OUT_OF_MEMORY', 'wasm/run', 'could not create a WebAssembly memory', { cause });
    }
  }
}
