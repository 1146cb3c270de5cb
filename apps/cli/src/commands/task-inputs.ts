/** The inputs of `attn task`: lines of JSON, or a file that is one text. */
import { stat } from 'node:fs/promises';
import { AttnError } from '@attn/core';
import type { TextLine } from '@attn/core/backend';
import { linesOf, parseLine } from '../lines.ts';
import { readTextFile } from '../text-file.ts';

/** Endings of files of JSON lines. */
const LINES = /\.(jsonl|ndjson|json)$/i;

/**
 * The inputs of a file or of standard input, as they are needed. Standard input, pipes and files such as
 * `in.jsonl` have an input a line; any other file is one text. A line that is not JSON is an error in its
 * place. Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`.
 */
export async function* taskInputs(
  input: string,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  if (!(await hasLines(input))) {
    yield { text: await readTextFile('input', input, signal) };
    return;
  }
  for await (const line of linesOf(input, signal)) yield inputOf(line);
}

async function hasLines(input: string): Promise<boolean> {
  if (input === '-' || LINES.test(input)) return true;
  const stats = await stat(input).catch(() => undefined);
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

function inputOf(line: TextLine): unknown {
  try {
    return parseLine(line);
  } catch (error) {
    if (error instanceof AttnError) return error;
    throw error;
  }
}
