/** A store by its place: a folder, or the URL of a server. */
import { fileURLToPath } from 'node:url';
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Database } from './database.ts';

/** What opening a database takes. */
export interface OpenDatabaseOptions {
  /** A folder without a store is an error, and not made into one. */
  readonly mustExist: boolean;
  onWarning(message: string): void;
}

/**
 * Opens the database of a store: a folder by its path or `file:` URL, a server by `postgres://…`.
 * Errors: `INVALID_ARGUMENT`, and those of opening.
 */
export async function openDatabase(
  store: string | URL,
  { mustExist, onWarning }: OpenDatabaseOptions,
): Promise<Database> {
  const place = String(store);
  if (/^postgres(ql)?:\/\//.test(place)) {
    if (!URL.canParse(place)) throw notAStore(place);
    const { openServer } = await import('./open-server.ts');
    return openServer(place, onWarning);
  }
  const isFile = place.startsWith('file:');
  if (place.trim() === '' || (!isFile && /^[a-z][a-z+]+:\/\//i.test(place))) throw notAStore(place);
  const { openFolder } = await import('./open-folder.ts');
  return openFolder(isFile ? fileURLToPath(place) : place, { mustExist });
}

function notAStore(place: string): AttnError {
  const message = `the store must be a folder or a URL such as postgres://user@host/database, got ${show(place)}`;
  return new AttnError('INVALID_ARGUMENT', 'corpus/openCorpus', message);
}
