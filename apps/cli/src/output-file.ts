/** Writing files: a file whole or not at all, what no output may be, and one sentence that says why not. */
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AttnError } from '@attn/core';
import { badArgument, flag, text as textOf, type Options } from './args.ts';

/**
 * Writes `content` under another name and renames it when it is complete.
 *
 * Errors: `FILE_NOT_FOUND` (no such folder), `INVALID_ARGUMENT`, `INTERNAL` (disk full).
 */
export async function writeOutputFile(path: string, content: string | Uint8Array): Promise<void> {
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
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    if (isFull) throw new AttnError('INTERNAL', 'cli', `there is no space left to write ${path}`, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError('INVALID_ARGUMENT', 'cli', `could not write ${path}: ${reason}`, { cause });
  }
}

/** Throws when the folder of an output file is missing: better now than after the work. */
export async function checkFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new AttnError('FILE_NOT_FOUND', 'cli', `there is no folder ${folder} to write ${path} to`);
}

/**
 * Throws when an output cannot be written to its folder, or is a file
 * that the command reads, under whatever name.
 * @param name of the option that says `path`
 * @param inputs names of the options that say what is read
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
    const read = textOf(options, input);
    if (read === undefined || (await identityOf(read)) !== identity) continue;
    throw badArgument(`${flag(name)} must not be the file of ${flag(input)}, got ${path}`);
  }
}

/** Equal for two paths to one file. */
async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && `${stats.dev}:${stats.ino}`;
}
