/**
 * Fills a store with passages that no model has encoded, in the database itself: a hundred thousand of them
 * in a minute, where a model takes hours. Vectors have clusters, and words the frequencies of a language
 * (Zipf's law).
 */

/** Runs statements on the database of a store that nobody else has open. */
export interface Sql {
  /** Runs statements without values; returns the rows of the last. */
  run(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

/** Opens the database of a store. */
export async function openSql(store: string): Promise<Sql> {
  if (!store.startsWith('postgres:')) {
    const { PGlite } = await import('@electric-sql/pglite');
    const { vector } = await import('@electric-sql/pglite-pgvector');
    const pglite = await PGlite.create(store, { extensions: { vector } });
    return {
      run: async (sql) => (await pglite.exec(sql)).at(-1)?.rows ?? [],
      close: () => pglite.close(),
    };
  }
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: store });
  await client.connect();
  return { run: async (sql) => (await client.query(sql)).rows, close: () => client.end() };
}

/** Passages of a document. */
const PER_DOCUMENT = 50;

/** The commonest word is in a fifth of all passages, the others in fewer and fewer: of 20,000 words. */
const WORD = "'word' || floor(10 * exp(random() * 7.6))";

/** Names the steps of a fill. */
export type FillStep = 'rows' | 'index of vectors';

/**
 * Fills a new store. The index of vectors is made at the end, which takes a fraction of the time. Returns the
 * seconds of each step.
 */
export async function fillStore(
  sql: Sql,
  { passages, dimensions }: { readonly passages: number; readonly dimensions: number },
  log: (step: FillStep) => void,
): Promise<Readonly<Record<FillStep, number>>> {
  const seconds = async (step: FillStep, statements: string): Promise<number> => {
    log(step);
    const start = performance.now();
    await sql.run(statements);
    return (performance.now() - start) / 1e3;
  };
  const [{ name, definition }] = await sql.run(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
     FROM pg_index WHERE indrelid = 'attn_corpus.passages'::regclass AND pg_get_indexdef(indexrelid) LIKE '%hnsw%'`,
  );
  const rows = await seconds(
    'rows',
    `DROP INDEX ${String(name)};
     SELECT setseed(0.5);
     CREATE TEMP TABLE part AS
       SELECT kind, number,
         ARRAY(SELECT random() - 0.5 + 0 * number FROM generate_series(1, ${dimensions}))::vector AS content
       FROM (VALUES (0, 300), (1, 1009), (2, 997)) AS kinds (kind, count), generate_series(0, count - 1) AS number;
     CREATE INDEX ON part (kind, number);
     INSERT INTO attn_corpus.documents (path, root, format, hash, indexed, metadata, seen)
       SELECT 'part-' || i % 40 || '/page-' || i, '', 'text', i, i, jsonb_build_object('year', i % 100), 0
       FROM generate_series(0, ${passages / PER_DOCUMENT - 1}) AS i;
     INSERT INTO attn_corpus.passages (path, place, first, after, content, embedding)
       SELECT 'part-' || (i / ${PER_DOCUMENT}) % 40 || '/page-' || i / ${PER_DOCUMENT}, i % ${PER_DOCUMENT}, 0, 0,
         array_to_string(ARRAY(SELECT ${WORD} || left('', i) FROM generate_series(1, 22)), ' '),
         l2_normalize(cluster.content + near.content + far.content)
       FROM generate_series(0, ${passages - 1}) AS i
       JOIN part AS cluster ON cluster.kind = 0 AND cluster.number = i % 300
       JOIN part AS near ON near.kind = 1 AND near.number = i % 1009
       JOIN part AS far ON far.kind = 2 AND far.number = i / 7 % 997`,
  );
  const index = await seconds(
    'index of vectors',
    `SET maintenance_work_mem = '512MB'; ${String(definition)}; ANALYZE attn_corpus.documents, attn_corpus.passages`,
  );
  return { rows, 'index of vectors': index };
}
