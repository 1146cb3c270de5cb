/**
 * Hybrid search: the nearest passages by their vectors, and the best by their words, joined by reciprocal
 * rank fusion: a passage's score is the sum of 1 / (60 + rank) over both lists. Cormack, Clarke and Büttcher
 * 2009, https://doi.org/10.1145/1571941.1572114
 */
import type { JsonObject } from '@attn/core';
import type { DocumentFormat } from '../read/formats.ts';
import type { Database, Session } from '../store/database.ts';
import type { StoreSettings } from '../store/settings.ts';
import { conditionOf, type SearchFilter } from './filters.ts';
import type { SearchMode } from './modes.ts';
import { CLOSE, FIRST_VALUE, OPEN, searchStatement } from './statement.ts';

/** A passage that was found. */
export interface SearchResult {
  readonly path: string;
  /** The title of the document, if it has one. */
  readonly title?: string;
  readonly format: DocumentFormat;
  readonly metadata: JsonObject;
  /** Place of the passage in the document's source, in UTF-16 units, as `slice` takes them. */
  readonly start: number;
  readonly end: number;
  /** The text of the passage, without markup. */
  readonly passage: string;
  /** Places in `passage` of the words that were searched for. */
  readonly matches: readonly (readonly [start: number, end: number])[];
  /** The sum of 1 / (60 + rank), by which results are sorted: not comparable between searches. */
  readonly score: number;
  /** The cosine of the vectors of query and passage. */
  readonly similarity: number;
}

/** What is searched for. */
export interface SearchRequest extends SearchFilter {
  readonly query: string;
  readonly vector: Float32Array;
  readonly mode: SearchMode;
  readonly limit: number;
}

/** How many passages of each list are joined: at least this many. */
const LEAST_CANDIDATES = 50;

/** What pgvector allows for the length of its list of candidates. */
const MOST_CANDIDATES = 1_000;

/** A filter that leaves at most so many passages is exact: all of them are compared, without the index. */
const MOST_EXACT = 2_000;

interface ResultRow {
  readonly path: string;
  readonly title: string | null;
  readonly format: DocumentFormat;
  readonly metadata: JsonObject;
  readonly first: number;
  readonly after: number;
  readonly content: string;
  readonly headline: string;
  readonly score: number;
  readonly similarity: number;
}

/** Finds the best passages. */
export async function searchPassages(
  database: Database,
  settings: StoreSettings,
  request: SearchRequest,
): Promise<readonly SearchResult[]> {
  const { query, vector, mode, limit } = request;
  const candidates = Math.min(MOST_CANDIDATES, Math.max(LEAST_CANDIDATES, 2 * limit));
  const condition = conditionOf(request, FIRST_VALUE);
  const rows = await database.transaction(async (session) => {
    await session.execute(planning(candidates));
    const isExact = condition !== undefined && (await leavesFew(session, request));
    const { sql, values } = searchStatement(settings, {
      query,
      vector,
      mode,
      limit,
      candidates,
      condition,
      isExact,
    });
    return session.query<ResultRow>(sql, values);
  });
  return rows.map(resultOf);
}

/**
 * How PostgreSQL plans the search. With a filter, pgvector goes on until enough passages fit. Joins of few
 * rows go by indexes, never through whole tables. Compiling the statement, or sharing it among processes,
 * takes longer than running it.
 */
const planning = (candidates: number): string => `
SET LOCAL hnsw.ef_search = ${candidates};
SET LOCAL hnsw.iterative_scan = 'relaxed_order';
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0`;

/** Whether a filter leaves few passages. */
async function leavesFew(session: Session, filter: SearchFilter): Promise<boolean> {
  const condition = conditionOf(filter, 1);
  const [{ count }] = await session.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (
       SELECT 1 FROM attn_corpus.documents JOIN attn_corpus.passages USING (path)
       WHERE ${condition?.sql ?? 'true'} LIMIT ${MOST_EXACT + 1}
     ) AS list`,
    condition?.values,
  );
  return count <= MOST_EXACT;
}

function resultOf({ path, title, format, metadata, first, after, ...row }: ResultRow): SearchResult {
  const { content: passage, headline, score, similarity } = row;
  const document = { path, ...(title !== null && { title }), format, metadata };
  const matches = placesOf(headline, passage);
  return { ...document, start: first, end: after, passage, matches, score, similarity };
}

/** The places of the marked words; none where the text has such marks itself. */
function placesOf(headline: string, passage: string): SearchResult['matches'] {
  const pieces = headline.split(/([\uE000\uE001])/);
  const places: [number, number][] = [];
  let place = 0;
  for (const piece of pieces) {
    if (piece === OPEN) places.push([place, place]);
    else if (piece === CLOSE) places.at(-1)?.splice(1, 1, place);
    else place += piece.length;
  }
  return place === passage.length ? places : [];
}
