/**
 * Hybrid search: the nearest passages by their vectors, and the best by their words, joined by reciprocal
 * rank fusion: a passage's score is the sum of 1 / (60 + rank) over both lists. Cormack, Clarke and Büttcher
 * 2009, https://doi.org/10.1145/1571941.1572114
 */
import type { JsonObject } from '@attn/core';
import { storable } from '../document.ts';
import { vectorText } from '../encode/vectors.ts';
import type { DocumentFormat } from '../read/formats.ts';
import type { Database, Session } from '../store/database.ts';
import { indexedVector } from '../store/schema.ts';
import type { StoreSettings } from '../store/settings.ts';
import { conditionOf, type SearchFilter } from './filters.ts';

/** How passages are ranked: by vectors, by words, or by both. */
export const SEARCH_MODES = ['hybrid', 'vectors', 'words'] as const;

/** How passages are ranked. */
export type SearchMode = (typeof SEARCH_MODES)[number];

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

/** The constant of reciprocal rank fusion. */
const RANK_OFFSET = 60;

/** How many passages of each list are joined: at least this many. */
const LEAST_CANDIDATES = 50;

/** What pgvector allows for the length of its list of candidates. */
const MOST_CANDIDATES = 1_000;

/** Marks around words in headlines: characters for private use, which texts rarely have. */
const [OPEN, CLOSE] = ['\uE000', '\uE001'];

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
  const candidates = Math.min(MOST_CANDIDATES, Math.max(LEAST_CANDIDATES, 2 * request.limit));
  const { sql, values } = statement(settings, request, candidates);
  const rows = await database.transaction(async (session) => {
    await session.execute(`SET LOCAL hnsw.ef_search = ${candidates}`);
    await lookOnThroughFilters(session);
    return session.query<ResultRow>(sql, values);
  });
  return rows.map(resultOf);
}

/** With a filter, pgvector goes on until enough passages fit, in the order of their distance. */
async function lookOnThroughFilters(session: Session): Promise<void> {
  await session.execute("SET LOCAL hnsw.iterative_scan = 'strict_order'");
}

function statement(
  { dimensions, language }: StoreSettings,
  { query, vector, mode, limit, path, metadata }: SearchRequest,
  candidates: number,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const own = [vectorText(vector), storable(query), language, candidates, limit];
  const condition = conditionOf({ path, metadata }, own.length + 1);
  const { column, type } = indexedVector(dimensions);
  const join = condition === undefined ? '' : 'JOIN attn_corpus.documents AS documents USING (path)';
  const where = (...parts: readonly (string | undefined)[]): string => {
    const all = parts.filter((part) => part !== undefined);
    return all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`;
  };
  const [useVectors, useWords] = [mode !== 'words', mode !== 'vectors'];
  // Any of the words may stand in a passage; those with more of them are better.
  const sql = `
WITH request AS MATERIALIZED (
  SELECT replace(plainto_tsquery($3::text::regconfig, $2)::text, ' & ', ' | ')::tsquery AS words
), nearest AS (
  SELECT path, place, row_number() OVER (ORDER BY distance, path, place) AS rank FROM (
    SELECT path, place, ${column} <=> $1::${type} AS distance
    FROM attn_corpus.passages ${join} ${where(condition?.sql, useVectors ? undefined : 'false')}
    ORDER BY ${column} <=> $1::${type} LIMIT $4
  ) AS list
), worded AS (
  SELECT path, place, row_number() OVER (ORDER BY weight DESC, path, place) AS rank FROM (
    SELECT path, place, ts_rank_cd(passages.words, request.words, 1) AS weight
    FROM request CROSS JOIN attn_corpus.passages ${join}
    ${where('passages.words @@ request.words', condition?.sql, useWords ? undefined : 'false')}
    ORDER BY weight DESC, path, place LIMIT $4
  ) AS list
), best AS (
  SELECT path, place, sum(1.0 / (${RANK_OFFSET} + rank))::double precision AS score
  FROM (SELECT * FROM nearest UNION ALL SELECT * FROM worded) AS lists
  GROUP BY path, place ORDER BY score DESC, path, place LIMIT $5
)
SELECT path, title, format, metadata, first, after, content, score,
  (1 - (embedding <=> $1::vector))::double precision AS similarity,
  ts_headline($3::text::regconfig, content, request.words,
    'HighlightAll=true, StartSel=${OPEN}, StopSel=${CLOSE}') AS headline
FROM best JOIN attn_corpus.passages USING (path, place) JOIN attn_corpus.documents USING (path), request
ORDER BY score DESC, path, place`;
  return { sql, values: [...own, ...(condition?.values ?? [])] };
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
