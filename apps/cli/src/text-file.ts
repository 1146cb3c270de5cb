/** Writing a small text file whole or not at all, and saying in one sentence why not. */
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AttnError } from '@attn/core';

/**
 * Writes `text` under another name and renames it when it is complete.
 * @throws AttnError `FILE_NOT_FOUND` (no such folder), `INVALID_ARGUMENT`
 */
export async function writeTextFile(path: string, text: string): Promise<void> {
  await checkFolder(path);
  const temporary = `${path}.${process.pid}.tmp`;
  const existing = await stat(path).catch(() => undefined);
  try {
    if (existing !== undefined && !existing.isFile()) {
      await writeFile(path, text); // a device such as /dev/stdout; a folder is an error
      return;
    }
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
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
