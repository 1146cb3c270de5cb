/** A piece of memory for intermediates, wherever a backend takes it from. */

/** Bytes at an offset of a buffer, until they are released. */
export interface Region {
  /** Ask anew after anything may have been allocated: memory that grows may become another buffer. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Gives the memory back. Called once. */
  release(): void;
}

/** A buffer of its own, which garbage collection takes back. */
export function bufferRegion(bytes: number): Region {
  return { buffer: new ArrayBuffer(bytes), byteOffset: 0, byteLength: bytes, release: () => {} };
}
