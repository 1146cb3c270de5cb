/** Lines of JSON from a file or from standard input. */
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { show, textLines, type TextLine } from '@attn/core/backend';
import { badArgument, unreadable } from './args.ts';

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
export async function* linesOf(
  input: string,
  signal: AbortSignal,
): AsyncGenerator<TextLine, void, undefined> {
  const stream = input === '-' ? process.stdin : createReadStream(input);
  stream.setEncoding('utf8');
  addAbortSignal(signal, stream);
  try {
    yield* textLines(stream);
  } catch (cause) {
    throw unreadable('input', input, cause);
  }
}

/** Reads the JSON of a line. Errors: `INVALID_ARGUMENT`, with its number. */
export function parseLine({ line, number }: TextLine): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw badArgument(`line ${number} of --input must be JSON, got ${show(line)}`, { cause });
  }
}
