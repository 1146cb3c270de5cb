/**
 * The tables of a store. A document is one row of `documents`; `indexed` is the hash of the content that its
 * rows in `passages` were made of, so a document is done when `indexed = hash`. Both are written in one
 * transaction.
 */

/** The version of these tables. A store of a later version is refused. */
export const VERSION = 1;

/** Most dimensions that an index over `vector` takes; beyond it, the index is over halves. */
const MOST_F32_DIMENSIONS = 2_000;

/** Most dimensions that any index takes. */
export const MOST_DIMENSIONS = 4_000;

/** The expression that the index of vectors is over. */
export function indexedVector(dimensions: number): { readonly column: string; readonly type: string } {
  return dimensions <= MOST_F32_DIMENSIONS
    ? { column: 'embedding', type: `vector(${dimensions})` }
    : { column: `(embedding::halfvec(${dimensions}))`, type: `halfvec(${dimensions})` };
}

/** Statements that make the tables. `language` is a text-search configuration of PostgreSQL. */
export function createTables(dimensions: number, language: string): string {
  const { column } = indexedVector(dimensions);
  const operators = dimensions <= MOST_F32_DIMENSIONS ? 'vector_cosine_ops' : 'halfvec_cosine_ops';
  const quoted = `'${language.replaceAll("'", "''")}'::regconfig`;
  // Without `fastupdate = off`, searches would read new rows one by one until somebody vacuums the table.
  return `
CREATE TABLE attn_corpus.settings (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version integer NOT NULL,
  content jsonb NOT NULL
);
CREATE SEQUENCE attn_corpus.runs;
CREATE TABLE attn_corpus.documents (
  path text COLLATE "C" PRIMARY KEY,
  root text COLLATE "C" NOT NULL,
  format text NOT NULL,
  size bigint,
  modified double precision,
  hash text NOT NULL,
  body text,
  metadata jsonb NOT NULL,
  title text,
  seen bigint NOT NULL,
  indexed text,
  error text
);
CREATE INDEX ON attn_corpus.documents (path) WHERE indexed IS DISTINCT FROM hash;
CREATE INDEX ON attn_corpus.documents (root);
CREATE INDEX ON attn_corpus.documents USING gin (metadata jsonb_path_ops);
CREATE TABLE attn_corpus.passages (
  path text COLLATE "C" NOT NULL REFERENCES attn_corpus.documents ON DELETE CASCADE,
  place integer NOT NULL,
  first integer NOT NULL,
  after integer NOT NULL,
  content text NOT NULL,
  words tsvector GENERATED ALWAYS AS (to_tsvector(${quoted}, content)) STORED,
  embedding vector(${dimensions}) NOT NULL,
  PRIMARY KEY (path, place)
);
CREATE INDEX ON attn_corpus.passages USING gin (words) WITH (fastupdate = off);
CREATE INDEX ON attn_corpus.passages USING hnsw (${column} ${operators});
`;
}
