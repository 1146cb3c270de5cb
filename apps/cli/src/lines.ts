/** Lines of JSON from a file or from standard input. */
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { show } from '@attn/core/backend';
import { badArgument, unreadable } from './args.ts';

/** A line that is not empty, with its number from 1. */
export interface Line {
  readonly line: string;
  readonly number: number;
}

/** Refuses a file that is not there before anything is loaded. Errors: `FILE_NOT_FOUND`. */
export async function checkInput(input: string): Promise<void> {
  if (input === '-') return;
  await access(input).catch((cause: unknown) => {
    throw unreadable('input', input, cause);
  });
}

/**
 * The lines of a file, or of standard input for `-`, that are not empty. Errors: `FILE_NOT_FOUND`,
 * `INVALID_ARGUMENT`; any when the signal is aborted.
 */
export async function* linesOf(input: string, signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  for await (const line of allLines(input, signal)) {
    number += 1;
    if (line.trim() === '') continue;
    yield { line: number === 1 ? line.replace(/^\uFEFF/, '') : line, number };
  }
}

/** Reads the JSON of a line. Errors: `INVALID_ARGUMENT`, with its number. */
export function parseLine({ line, number }: Line): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw badArgument(`line ${number} of --input must be JSON, got ${show(line)}`, { cause });
  }
}

/** All lines. `node:readline` would also end lines at U+2028, which JSON may hold. */
async function* allLines(input: string, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const stream = input === '-' ? process.stdin : createReadStream(input);
  stream.setEncoding('utf8');
  addAbortSignal(signal, stream);
  let pieces: string[] = []; // of a line that is not whole
  try {
    for await (const chunk of stream) {
      const lines = String(chunk).split('\n');
      const rest = lines.pop() ?? '';
      if (lines.length > 0) {
        yield pieces.join('') + lines[0];
        yield* lines.slice(1);
        pieces = [];
      }
      pieces.push(rest);
    }
  } catch (cause) {
    throw unreadable('input', input, cause);
  }
  yield pieces.join('');
}
