/**
 * Bodies of answers. Lengths that a server announces are not trusted: memory grows only with the bytes that
 * arrive.
 */
import { malformed } from './header.ts';

/** First size of the memory for a part of known length, and for a small file. It doubles as bytes arrive. */
const FIRST_BYTES = 16 * 2 ** 20;
const SMALL_BYTES = 2 ** 16;

/**
 * Reads the parts of a body one after the other, each into memory of its own. Errors: `MALFORMED_FILE` for
 * more bytes, `CutOff` for fewer: then `onPart` was called for the parts that are whole.
 */
export async function readParts(
  url: string,
  { body }: Response,
  lengths: readonly number[],
  onPart: (bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const expected = lengths.reduce((sum, length) => sum + length, 0);
  const parts = lengths.values();
  const nextPart = (): GrowingBytes | undefined => {
    const { done, value } = parts.next();
    return done ? undefined : new GrowingBytes(value, FIRST_BYTES);
  };
  let part = nextPart();
  let got = 0;
  const reader = body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) {
      if (got < expected) throw new CutOff(url, expected, got);
      return;
    }
    got += chunk.value.length;
    for (let at = 0; at < chunk.value.length;) {
      if (part === undefined) {
        await reader?.cancel();
        throw malformed(url, `expected ${expected} bytes, but the server sends more`);
      }
      at += part.append(at === 0 ? chunk.value : chunk.value.subarray(at));
      if (!part.isFull) continue;
      onPart(part.bytes);
      part = nextPart();
    }
  }
}

/** Reads a body; undefined when it has more than `limit` bytes. */
export async function readAtMost({ body }: Response, limit: number): Promise<Uint8Array | undefined> {
  const all = new GrowingBytes(limit, SMALL_BYTES);
  const reader = body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return all.bytes;
    if (all.append(chunk.value) === chunk.value.length) continue;
    await reader?.cancel();
    return undefined;
  }
}

/** Up to `limit` bytes, which arrive in pieces. */
class GrowingBytes {
  private readonly limit: number;
  private memory: Uint8Array<ArrayBuffer>;
  private length = 0;

  constructor(limit: number, firstBytes: number) {
    this.limit = limit;
    this.memory = new Uint8Array(Math.min(limit, firstBytes));
  }

  get isFull(): boolean {
    return this.length === this.limit;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.memory.subarray(0, this.length);
  }

  /** Takes as many of the bytes as there is room for, and returns their number. */
  append(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.limit - this.length);
    const end = this.length + count;
    if (end > this.memory.length) {
      const bigger = new Uint8Array(Math.min(this.limit, Math.max(2 * this.memory.length, end)));
      bigger.set(this.bytes);
      this.memory = bigger;
    }
    this.memory.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.length);
    this.length = end;
    return count;
  }
}

/** The error of a connection that ended early; it is worth another attempt. */
class CutOff extends Error {
  constructor(url: string, expected: number, got: number) {
    super(`${url} ended after ${got} of ${expected} bytes`);
  }
}
