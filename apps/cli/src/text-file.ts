/** A file that is one text. */
import { readFile } from 'node:fs/promises';
import { unreadable } from './args.ts';

/** The text of a file; `name` is that of its option. Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`. */
export async function readTextFile(name: string, path: string, signal: AbortSignal): Promise<string> {
  const content = await readFile(path, { encoding: 'utf8', signal }).catch((cause: unknown) => {
    throw unreadable(name, path, cause);
  });
  return content.replace(/^\uFEFF/, '');
}
