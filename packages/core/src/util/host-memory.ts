/** Memory of callers that not every API of a host accepts: shared, resizable or transferred buffers. */

/** A typed array, as far as it matters here. */
type Elements = ArrayBufferView & { slice(): ArrayBufferView };

/** Properties that buffers of newer hosts have. */
interface ModernBuffer {
  readonly resizable?: boolean;
  readonly detached?: boolean;
}

/**
 * Returns an array that every API of a host accepts: a copy if the memory is shared between threads or can be
 * resized, which `GPUQueue.writeBuffer` and others refuse; otherwise the array itself.
 */
export function ordinaryMemory<A extends Elements>(data: A): A {
  return isOrdinary(data.buffer) ? data : (data.slice() as A);
}

function isOrdinary(buffer: ArrayBufferLike): boolean {
  return buffer[Symbol.toStringTag] === 'ArrayBuffer' && (buffer as ModernBuffer).resizable !== true;
}

/** Why an array may have lost elements since it was made, as the end of a sentence; empty if it cannot. */
export function whatBecameOf({ buffer }: ArrayBufferView): string {
  const { detached, resizable } = buffer as ModernBuffer;
  if (detached === true) return ': its memory was transferred away, to a worker for instance';
  return resizable === true ? ': its buffer has been resized' : '';
}
