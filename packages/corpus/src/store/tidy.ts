/**
 * What a database does by itself on a server, and not in a folder: it counts its words and rows, by which
 * searches are planned, and takes deleted rows out of its indexes.
 */
import type { Database } from './database.ts';

/** Shares of all passages: so many have changed since they were counted, so many deleted rows remain. */
const MOST_CHANGED = 0.1;
const MOST_DELETED = 0.2;

/** Fewer changes than these matter to no search. */
const LEAST = 1_000;

/** Counts the words of passages where many have changed, and takes deleted ones out of a folder's indexes. */
export async function tidy(database: Database): Promise<void> {
  const [{ passages, changed, deleted }] = await database.query<Readonly<Record<string, number>>>(
    `SELECT reltuples::double precision AS passages,
       pg_stat_get_mod_since_analyze(oid)::double precision AS changed,
       pg_stat_get_dead_tuples(oid)::double precision AS deleted
     FROM pg_class WHERE oid = 'attn_corpus.passages'::regclass`,
  );
  const exceeds = (count: number, share: number): boolean => count > Math.max(LEAST, share * passages);
  if (database.kind === 'folder' && exceeds(deleted, MOST_DELETED)) {
    await database.execute('VACUUM (ANALYZE) attn_corpus.passages');
  } else if (exceeds(changed, MOST_CHANGED)) {
    await database.execute('ANALYZE attn_corpus.passages');
  }
}
