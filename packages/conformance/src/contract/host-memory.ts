/**
 * Kinds of memory in which a caller's arrays may lie. All can be
 * read, but host APIs accept only some of them.
 */
import { type DType, type Tensor, type Tensors } from '@attn/core';
import { bytesPerElement, type StorageOf } from '@attn/core/backend';

/** Allocates at least this many bytes; undefined where this host lacks the kind of memory. */
type Allocate = (bytes: number) => ArrayBufferLike | undefined;

interface MemoryKind {
  readonly allocate: Allocate;
  /** True when arrays grow and shrink with their buffer. */
  readonly tracksLength?: boolean;
}

/**
 * `ArrayBuffer` and `SharedArrayBuffer` of newer hosts. Older hosts
 * ignore the option, and pages may lack the latter.
 */
type MakeBuffer = new (bytes: number, options?: { readonly maxByteLength: number }) => ArrayBufferLike;
const { ArrayBuffer: Plain, SharedArrayBuffer: Shared } = globalThis as {
  readonly ArrayBuffer: MakeBuffer;
  readonly SharedArrayBuffer?: MakeBuffer;
};

const PAGE = 65_536;

/** Kinds of memory, by their names in messages. */
export const MEMORY_KINDS: Readonly<Record<string, MemoryKind>> = {
  'a part of a larger buffer': { allocate: (bytes) => new Plain(bytes + 64) },
  'a buffer that can be resized': {
    allocate: (bytes) => new Plain(bytes, { maxByteLength: 2 * bytes + 64 }),
  },
  'a buffer that can be resized, and arrays with it': {
    allocate: (bytes) => new Plain(bytes, { maxByteLength: 2 * bytes + 64 }),
    tracksLength: true,
  },
  'a shared buffer': { allocate: (bytes) => Shared && new Shared(bytes + 64) },
  'a shared buffer that can grow': {
    allocate: (bytes) => Shared && new Shared(bytes, { maxByteLength: 2 * bytes + 64 }),
  },
  'a WebAssembly memory': {
    allocate: (bytes) => new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) }).buffer,
  },
};

/** Copies tensors into memory of a kind, each at an offset; undefined where this host lacks that kind. */
export function inMemoryOf(
  { allocate, tracksLength }: MemoryKind,
  tensors: Tensors,
): Record<string, Tensor> | undefined {
  const copies: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const { length, byteLength, constructor } = tensor.data;
    const offset = 3 * bytesPerElement(tensor.dtype);
    const buffer = allocate(offset + byteLength);
    if (buffer === undefined) return undefined;
    const Storage = constructor as new (
      buffer: ArrayBufferLike,
      offset: number,
      length?: number,
    ) => StorageOf[DType];
    const data = new Storage(buffer, offset, tracksLength ? undefined : length);
    data.set(tensor.data);
    copies[name] = { ...tensor, data };
  }
  return copies;
}
