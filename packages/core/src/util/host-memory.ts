/** Memory that callers bring, as far as it is not what every API of a host takes. */
import type { DType, StorageOf } from '../tensor.ts';

/** Buffers as newer hosts have them. */
interface HostBuffer {
  readonly resizable?: boolean;
  readonly detached?: boolean;
}

/**
 * The same numbers in memory that every API of a host takes: a copy where the array's own is shared between
 * threads or can be resized, which `GPUQueue.writeBuffer` and others refuse, otherwise the array itself.
 */
export function ordinaryMemory<A extends StorageOf[DType]>(data: A): A {
  return isOrdinary(data.buffer) ? data : (data.slice() as A);
}

function isOrdinary(buffer: ArrayBufferLike): boolean {
  return buffer[Symbol.toStringTag] === 'ArrayBuffer' && (buffer as HostBuffer).resizable !== true;
}

/**
 * Why an array has fewer elements than it was made with, as the end of a sentence; empty where it has not.
 */
export function whatBecameOf({ buffer }: StorageOf[DType]): string {
  const { detached, resizable } = buffer as HostBuffer;
  if (detached === true) return ': its memory was transferred away, to a worker for instance';
  return resizable === true ? ': its buffer has been resized' : '';
}
