/** Collects the bytes of a file in the cache of a browser, part by part. */
import type { Piece, Sink } from '../receive.ts';
import { PART_BYTES, partsOf, partUrl, type PartCache } from './parts.ts';

/** What is collected. */
export interface Collected {
  readonly cache: PartCache;
  /** The id of the model. */
  readonly id: string;
  readonly url: string;
  readonly size: number;
  readonly onBytes: (done: number) => void;
}

/** A file of which whole parts are kept: what arrived of a further part is lost when a connection breaks. */
export class PartSink implements Sink {
  private readonly file: Collected;

  constructor(file: Collected) {
    this.file = file;
  }

  async length(): Promise<number> {
    const { cache, url, size } = this.file;
    const count = await cache.partCount(url);
    return count >= partsOf(size) ? size : count * PART_BYTES;
  }

  async clear(): Promise<void> {
    const { cache, url } = this.file;
    const count = await cache.partCount(url);
    for (let part = 0; part < count; part++) await cache.delete(partUrl(url, part));
  }

  async append({ start, body }: Piece): Promise<number> {
    const { size, onBytes } = this.file;
    let saved = await this.length();
    let end = start;
    let chunks: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (end + value.length > size) return end + value.length;
        // A server that ignores ranges sends bytes that are already here.
        let rest = ownBytes(value).subarray(Math.max(0, saved + length - end));
        end += value.length;
        while (length + rest.length >= PART_BYTES) {
          chunks.push(rest.subarray(0, PART_BYTES - length));
          rest = rest.subarray(PART_BYTES - length);
          saved = await this.save(saved, chunks);
          [chunks, length] = [[], 0];
        }
        if (rest.length > 0) chunks.push(rest);
        length += rest.length;
        onBytes(Math.max(end, saved));
      }
      if (saved + length === size) await this.save(saved, chunks);
      return end;
    } finally {
      // After an error, and after too many bytes.
      await reader.cancel().catch(() => {});
    }
  }

  /** Saves the part that begins at `start`, and returns the place after it. */
  private async save(start: number, chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<number> {
    const { cache, id, url } = this.file;
    const part = new Blob([...chunks]);
    await cache.put(id, partUrl(url, start / PART_BYTES), part);
    return start + part.size;
  }
}

/** Bodies of `fetch` never share their memory. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
