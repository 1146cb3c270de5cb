/** Compares documents with what a store has, and puts those that are new or changed into its queue. */
import { throwIfAborted } from '@attn/core/backend';
import { hashOf, metadataText, storable, type CorpusDocument } from './document.ts';
import type { DocumentQueue } from './jobs/queue.ts';
import type { Database, Session } from './store/database.ts';

/** What became of documents. */
export interface IndexCounts {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
}

/** Most documents, and most characters, that are written together. */
const BATCH = 64;
const BATCH_CHARACTERS = 4_000_000;

interface StoredRow {
  readonly path: string;
  readonly format: string;
  readonly size: number | null;
  readonly modified: number | null;
  readonly hash: string;
  readonly error: string | null;
  readonly done: boolean;
}

/** A document that was read, or only looked at. */
interface Candidate {
  readonly document: CorpusDocument;
  readonly stored: StoredRow | undefined;
  /** Absent where size and time say that nothing has changed. */
  readonly content?: { readonly hash: string; readonly body: string; readonly metadata: string };
}

/** Reads documents into the tables and the queue. */
export class Enumeration {
  added = 0;
  changed = 0;
  unchanged = 0;
  removed = 0;
  private readonly database: Database;
  private readonly queue: DocumentQueue;
  private readonly run: string;

  private constructor(database: Database, queue: DocumentQueue, run: string) {
    this.database = database;
    this.queue = queue;
    this.run = run;
  }

  /** Begins to compare. Runs are numbered, so that a later one is never undone by an earlier one. */
  static async begin(database: Database, queue: DocumentQueue): Promise<Enumeration> {
    const [{ run }] = await database.query<{ run: string }>(
      "SELECT nextval('attn_corpus.runs')::text AS run",
    );
    return new Enumeration(database, queue, run);
  }

  /** Documents that were compared. */
  get compared(): number {
    return this.added + this.changed + this.unchanged;
  }

  /** Compares all documents. Errors: those of reading, `ABORTED`. */
  async compare(
    documents: Iterable<CorpusDocument> | AsyncIterable<CorpusDocument>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let batch: CorpusDocument[] = [];
    let characters = 0;
    for await (const document of documents) {
      throwIfAborted(signal, 'corpus/index');
      batch.push(document);
      characters += typeof document.text === 'string' ? document.text.length : (document.size ?? 0);
      if (batch.length < BATCH && characters < BATCH_CHARACTERS) continue;
      await this.compareBatch(batch);
      batch = [];
      characters = 0;
    }
    await this.compareBatch(batch);
  }

  /** Removes documents of these roots that this run has not seen. */
  async removeUnseen(roots: readonly string[]): Promise<void> {
    if (roots.length === 0) return;
    const rows = await this.database.transaction((session) =>
      session.query(
        'DELETE FROM attn_corpus.documents WHERE root = ANY($1::text[]) AND seen < $2::bigint RETURNING 1',
        [roots.map(storable), this.run],
      ),
    );
    this.removed += rows.length;
  }

  private async compareBatch(documents: readonly CorpusDocument[]): Promise<void> {
    // Of two documents of a name the last counts.
    const unique = [...new Map(documents.map((document) => [storable(document.path), document])).entries()];
    if (unique.length === 0) return;
    const rows = await this.database.query<StoredRow>(
      `SELECT path, format, size::double precision AS size, modified, hash, error, indexed IS NOT DISTINCT FROM hash AS done
       FROM attn_corpus.documents WHERE path = ANY($1::text[])`,
      [unique.map(([path]) => path)],
    );
    const stored = new Map(rows.map((row) => [row.path, row]));
    const candidates: Candidate[] = [];
    for (const [path, document] of unique) candidates.push(await readCandidate(document, stored.get(path)));
    const queued = candidates.filter(({ content, stored: row }) => content !== undefined || !row?.done);
    await this.database.transaction(async (session) => {
      for (const candidate of candidates) await this.write(session, candidate);
      await this.queue.add(
        session,
        queued.map(({ document }) => storable(document.path)),
      );
    });
    for (const { content, stored: row } of candidates) {
      if (row === undefined) this.added += 1;
      else if (content !== undefined) this.changed += 1;
      else this.unchanged += 1;
    }
  }

  private async write(session: Session, { document, content }: Candidate): Promise<void> {
    const { path, root = '', format = 'text', size = null, modified = null } = document;
    const place = [storable(path), storable(root), size, modified, this.run];
    if (content === undefined) {
      await session.query(
        `UPDATE attn_corpus.documents
         SET root = $2, size = $3, modified = $4, seen = greatest(seen, $5::bigint), error = NULL WHERE path = $1`,
        place,
      );
      return;
    }
    const { hash, body, metadata } = content;
    await session.query(
      `INSERT INTO attn_corpus.documents (path, root, size, modified, seen, format, hash, body, metadata)
       VALUES ($1, $2, $3, $4, $5::bigint, $6, $7, $8, $9::jsonb)
       ON CONFLICT (path) DO UPDATE SET root = $2, size = $3, modified = $4,
         seen = greatest(documents.seen, $5::bigint), format = $6, hash = $7, body = $8, metadata = $9::jsonb,
         error = NULL`,
      [...place, format, hash, body, metadata],
    );
  }
}

async function readCandidate(document: CorpusDocument, stored: StoredRow | undefined): Promise<Candidate> {
  const { text, format = 'text', metadata, size, modified } = document;
  const isSameFile =
    stored?.format === format &&
    size !== undefined &&
    modified !== undefined &&
    stored.size === size &&
    stored.modified === modified;
  if (isSameFile) return { document, stored };
  const body = storable(typeof text === 'string' ? text : await text());
  const facts = metadataText(metadata);
  const hash = hashOf(format, body, facts);
  if (stored?.hash === hash) return { document, stored };
  return { document, stored, content: { hash, body, metadata: facts } };
}
