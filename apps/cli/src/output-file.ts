/** Writes output files: whole or not at all, never over an input, and with one sentence when that fails. */
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AttnError } from '@attn/core';
import { badArgument, flag, text as textOf, type Options } from './args.ts';

/**
 * Writes `content` under another name and renames it when it is complete. Content may come piece by piece.
 *
 * Errors: `FILE_NOT_FOUND` (no such folder), `INVALID_ARGUMENT`, `INTERNAL` (disk full), and `AttnError`s of
 * whoever makes the pieces.
 */
export async function writeOutputFile(
  path: string,
  content: string | Uint8Array | AsyncIterable<string>,
): Promise<void> {
  await checkFolder(path);
  const temporary = `${path}.${process.pid}.tmp`;
  const existing = await stat(path).catch(() => undefined);
  try {
    if (existing !== undefined && !existing.isFile()) {
      await writeFile(path, content); // a device such as /dev/stdout; a folder is an error
      return;
    }
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof AttnError) throw cause;
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    if (isFull) throw new AttnError('INTERNAL', 'cli', `there is no space left to write ${path}`, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError('INVALID_ARGUMENT', 'cli', `could not write ${path}: ${reason}`, { cause });
  }
}

/** Throws when the folder of an output file is missing, so that the error comes before the work. */
export async function checkFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new AttnError('FILE_NOT_FOUND', 'cli', `there is no folder ${folder} to write ${path} to`);
}

/**
 * Throws when the folder of an output is missing, or when the output
 * is a file that the command reads, also under another name.
 * @param name name of the option whose value is `path`
 * @param inputs names of the options whose values are files that the command reads
 */
export async function checkOutput(
  name: string,
  path: string,
  options: Options,
  inputs: readonly string[],
): Promise<void> {
  await checkFolder(path);
  const identity = await identityOf(path);
  if (identity === undefined) return;
  for (const input of inputs) {
    const inputPath = textOf(options, input);
    if (inputPath === undefined || (await identityOf(inputPath)) !== identity) continue;
    throw badArgument(`${flag(name)} must not be the file of ${flag(input)}, got ${path}`);
  }
}

/** A text that is equal for two paths to one file; undefined when there is no file. */
async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && `${stats.dev}:${stats.ino}`;
}
