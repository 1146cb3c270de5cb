/** The lines of a text that comes in pieces, such as a file of JSON lines. */

/** A line that is not empty, with its number from 1. */
export interface TextLine {
  readonly line: string;
  readonly number: number;
}

/**
 * The lines of a text, without a byte order mark, that are not empty. Lines end at `\n` only: `node:readline`
 * would also end them at U+2028, which JSON may hold. A line of any length is put together once.
 */
export async function* textLines(chunks: AsyncIterable<unknown>): AsyncGenerator<TextLine, void, undefined> {
  let number = 0;
  for await (const text of allLines(chunks)) {
    number += 1;
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() !== '') yield { line, number };
  }
}

async function* allLines(chunks: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  let pieces: string[] = []; // of a line that is not whole
  for await (const chunk of chunks) {
    const lines = String(chunk).split('\n');
    const rest = lines.pop() ?? '';
    if (lines.length > 0) {
      yield pieces.join('') + lines[0];
      yield* lines.slice(1);
      pieces = [];
    }
    pieces.push(rest);
  }
  yield pieces.join('');
}
