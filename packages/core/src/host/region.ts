/** Memory for intermediates, which a backend may allocate in its own way. */

/** A part of a buffer, until it is released. */
export interface Region {
  /** The buffer. Read it again after any allocation: memory that grows may become another buffer. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Releases the memory. Called once. */
  release(): void;
}

/** Makes a region with a buffer of its own, which the garbage collector frees. */
export function bufferRegion(bytes: number): Region {
  return { buffer: new ArrayBuffer(bytes), byteOffset: 0, byteLength: bytes, release: () => {} };
}
