/** Writes the passages of a document: all of them together with the mark that they are there, or nothing. */
import { storable } from '../document.ts';
import { vectorText } from '../encode/vectors.ts';
import type { Database } from '../store/database.ts';

/** A passage with its vector. */
export interface Passage {
  /** Place in the document's source, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly content: string;
  readonly embedding: Float32Array;
}

/** Rows of one statement: some 2 MB for vectors of 1,000 dimensions. */
const ROWS = 200;

/**
 * Replaces the passages of a document, if its content still has this hash and is not yet done. Returns false
 * where another version has come, the document is gone, or another worker was faster.
 */
export async function writeDocument(
  database: Database,
  { path, hash }: { readonly path: string; readonly hash: string },
  passages: readonly Passage[],
  title: string | undefined,
): Promise<boolean> {
  return database.transaction(async (session) => {
    const rows = await session.query(
      `SELECT 1 FROM attn_corpus.documents
       WHERE path = $1 AND hash = $2 AND indexed IS DISTINCT FROM hash FOR UPDATE`,
      [path, hash],
    );
    if (rows.length === 0) return false;
    await session.query('DELETE FROM attn_corpus.passages WHERE path = $1', [path]);
    for (let i = 0; i < passages.length; i += ROWS) {
      const part = passages.slice(i, i + ROWS);
      await session.query(
        `INSERT INTO attn_corpus.passages (path, place, first, after, content, embedding)
         SELECT $1, place, first, after, content, embedding::vector
         FROM unnest($2::int[], $3::int[], $4::int[], $5::text[], $6::text[])
           AS part (place, first, after, content, embedding)`,
        [
          path,
          part.map((_, k) => i + k),
          part.map(({ start }) => start),
          part.map(({ end }) => end),
          part.map(({ content }) => content),
          part.map(({ embedding }) => vectorText(embedding)),
        ],
      );
    }
    await session.query(
      `UPDATE attn_corpus.documents SET indexed = hash, body = NULL, error = NULL, title = $2 WHERE path = $1`,
      [path, title === undefined ? null : storable(title)],
    );
    return true;
  });
}

/** Marks a document as one that cannot be indexed, until its content changes or it is indexed again. */
export async function writeError(
  database: Database,
  { path, hash }: { readonly path: string; readonly hash: string },
  error: string,
): Promise<void> {
  await database.transaction(async (session) => {
    await session.query(
      `UPDATE attn_corpus.documents SET error = $3
       WHERE path = $1 AND hash = $2 AND indexed IS DISTINCT FROM hash`,
      [path, hash, error],
    );
  });
}
