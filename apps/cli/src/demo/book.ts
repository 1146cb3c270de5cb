/** The text of the demo: all chapters of Moby-Dick (see data/ATTRIBUTION.md). One byte is one token. */
import { readFile } from 'node:fs/promises';

/** The book and the positions of its chapters. */
export interface Book {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** Positions of the first byte of every chapter heading, ascending. */
  readonly headings: readonly number[];
}

/** Reads the book that ships with this package. */
export async function readBook(): Promise<Book> {
  const bytes = await readFile(new URL('../../data/moby-dick.txt', import.meta.url));
  return { title: 'Moby-Dick', bytes, headings: findHeadings(bytes) };
}

/** Positions of lines that begin with `CHAPTER` and a number. */
export function findHeadings(bytes: Uint8Array): number[] {
  // One character a byte, so that indices are byte positions.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return Array.from(text.matchAll(/^CHAPTER \d+\./gm), (match) => match.index);
}
