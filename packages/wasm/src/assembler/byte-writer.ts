/**
 * Bytes under construction. Modules are written while a caller waits, by code that no engine has optimised
 * yet, so no byte is copied without need.
 */
import { leb } from './expression.ts';

const FIRST_CAPACITY = 256;

/** A buffer that grows, and writes the parts that the binary format consists of. */
export class ByteWriter {
  private buffer = new Uint8Array(FIRST_CAPACITY);
  private length = 0;

  /** The bytes so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  /** Appends bytes. */
  write(bytes: ArrayLike<number>): void {
    const end = this.length + bytes.length;
    if (end > this.buffer.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.buffer.length));
      larger.set(this.bytes);
      this.buffer = larger;
    }
    for (let i = 0; i < bytes.length; i++) this.buffer[this.length + i] = bytes[i];
    this.length = end;
  }

  /** Appends an unsigned integer. */
  writeLeb(value: number): void {
    this.write(leb(value));
  }

  /** Appends a name. */
  writeName(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.writeLeb(bytes.length);
    this.write(bytes);
  }

  /** Appends the bytes that `content` writes, preceded by their number. */
  writeSized(content: (writer: ByteWriter) => void): void {
    const inner = new ByteWriter();
    content(inner);
    this.writeLeb(inner.length);
    this.write(inner.bytes);
  }

  /** Appends items, preceded by their number. */
  writeVector<T>(items: readonly T[], writeItem: (item: T, index: number) => void): void {
    this.writeLeb(items.length);
    items.forEach(writeItem);
  }

  /** Appends a section of a module. */
  writeSection(id: number, content: (writer: ByteWriter) => void): void {
    this.write([id]);
    this.writeSized(content);
  }
}
