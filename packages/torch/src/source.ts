/** Bytes of a file, from wherever they come, exactly as many as asked for. */
import type { SafetensorsSource } from '@attn/safetensors';
import { storageOver, typedArrayName } from '@attn/core/backend';
import { refusal } from './errors.ts';

/**
 * Where a file's bytes come from: a file handle, a `Blob`, range requests, …; the same as
 * `@attn/safetensors` takes.
 */
export type TorchSource = SafetensorsSource;

/** Reads a range. Errors: `MALFORMED_FILE` where the file ends before it; those of the source. */
export async function readExactly(source: TorchSource, offset: number, length: number): Promise<Uint8Array> {
  if (offset + length > source.size)
    throw refusal('container', `bytes ${offset} to ${offset + length} lie behind its end, ${source.size}`);
  if (length === 0) return new Uint8Array();
  const bytes = await source.read(offset, length);
  if (typedArrayName(bytes) !== 'Uint8Array' || bytes.length !== length) {
    const got = typedArrayName(bytes) === 'Uint8Array' ? bytes.length : 'something else';
    throw refusal('container', `expected ${length} bytes at ${offset}, got ${got}`);
  }
  return storageOver('u8', bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A file that is in memory. */
export function bytesSource(bytes: Uint8Array, name?: string): TorchSource {
  return {
    size: bytes.length,
    name,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
