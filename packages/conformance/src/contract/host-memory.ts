/**
 * The kinds of memory that a caller's arrays may lie in: all of them are memory to read from, and host APIs
 * take only some of them.
 */
import { type DType, type Tensor, type Tensors } from '@attn/core';
import { bytesPerElement, type StorageOf } from '@attn/core/backend';

/** Memory of at least so many bytes, or undefined where this host has none of the kind. */
type Allocate = (bytes: number) => ArrayBufferLike | undefined;

interface Kind {
  readonly allocate: Allocate;
  /** Whether arrays grow and shrink with their buffer. */
  readonly tracksLength?: boolean;
}

/**
 * `ArrayBuffer` and `SharedArrayBuffer` as newer hosts have them; older ones ignore the option, and pages may
 * lack the latter.
 */
type MakeBuffer = new (bytes: number, options?: { readonly maxByteLength: number }) => ArrayBufferLike;
const { ArrayBuffer: Plain, SharedArrayBuffer: Shared } = globalThis as {
  readonly ArrayBuffer: MakeBuffer;
  readonly SharedArrayBuffer?: MakeBuffer;
};

const PAGE = 65_536;

/** Kinds by what they are called. */
export const MEMORY_KINDS: Readonly<Record<string, Kind>> = {
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

/** Copies of tensors in memory of a kind, each not quite at its start; undefined where this host has none. */
export function inMemoryOf(
  { allocate, tracksLength }: Kind,
  tensors: Tensors,
): Record<string, Tensor> | undefined {
  const placed: Record<string, Tensor> = {};
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
    placed[name] = { ...tensor, data };
  }
  return placed;
}
