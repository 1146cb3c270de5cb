/**
 * The SQL of a search. Its time does not grow with the corpus: vectors come from the HNSW index, and of the
 * passages that have a word of the query, at most `MOST_RANKED` are ranked. Those with all of the words come
 * first, then those with the rarest word, and so on.
 */
import { storable } from '../document.ts';
import { vectorText } from '../encode/vectors.ts';
import { indexedVector } from '../store/schema.ts';
import type { StoreSettings } from '../store/settings.ts';
import type { Condition } from './filters.ts';
import type { SearchMode } from './modes.ts';

/** The constant of reciprocal rank fusion. */
const RANK_OFFSET = 60;

/** Most passages whose words are ranked: PostgreSQL ranks some 100 in a millisecond. */
const MOST_RANKED = 1_000;

/** Most words of a query that count, the rarest. */
const MOST_TERMS = 64;

/** Marks around words in headlines: characters for private use, which texts rarely have. */
export const OPEN = '\uE000';
export const CLOSE = '\uE001';

/** What a statement is made for. */
export interface Statement {
  readonly query: string;
  readonly vector: Float32Array;
  readonly mode: SearchMode;
  readonly limit: number;
  /** How many passages of each list are joined. */
  readonly candidates: number;
  /** The filter, whose first value has the number `FIRST_VALUE`. */
  readonly condition: Condition | undefined;
  /** Whether the filter leaves so few passages that each of them is looked at. */
  readonly isExact: boolean;
}

/** The number of a filter's first value. */
export const FIRST_VALUE = 6;

/** The statement of a search, and its values. */
export function searchStatement(
  { dimensions, language }: StoreSettings,
  { query, vector, mode, limit, candidates, condition, isExact }: Statement,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const { column, type } = indexedVector(dimensions);
  const filter = condition && {
    join: 'JOIN attn_corpus.documents AS documents USING (path)',
    sql: condition.sql,
  };
  const lists = {
    nearest: isExact ? NEAREST_WITHIN : nearest(column, type, filter),
    worded: worded(isExact ? WORDED_WITHIN : wordedByIndex(filter)),
  };
  const names =
    mode === 'hybrid'
      ? (['nearest', 'worded'] as const)
      : [mode === 'words' ? ('worded' as const) : ('nearest' as const)];
  const sql = `
WITH ${REQUEST}${isExact ? `, ${within(filter)}` : ''},
${names.map((name) => `${name} AS (${lists[name]})`).join(',\n')},
best AS (
  SELECT path, place, sum(1.0 / (${RANK_OFFSET} + rank))::double precision AS score
  FROM (${names.map((name) => `SELECT * FROM ${name}`).join(' UNION ALL ')}) AS lists
  GROUP BY path, place ORDER BY score DESC, path, place LIMIT $5
)
SELECT path, title, format, metadata, first, after, content, score,
  (1 - (embedding <=> $1::vector))::double precision AS similarity,
  ts_headline($3::text::regconfig, content, request.any_word,
    'HighlightAll=true, StartSel=${OPEN}, StopSel=${CLOSE}') AS headline
FROM best JOIN attn_corpus.passages USING (path, place) JOIN attn_corpus.documents USING (path), request
ORDER BY score DESC, path, place`;
  const values = [vectorText(vector), storable(query), language, candidates, limit];
  return { sql, values: [...values, ...(condition?.values ?? [])] };
}

/**
 * The words of the query, the rarest first, as PostgreSQL's statistics have them, each with those before it;
 * and as queries: any of them, all of them.
 */
const REQUEST = `
common AS (
  SELECT list.word, list.share FROM pg_stats, ROWS FROM (
    unnest(most_common_elems::text::text[]), unnest(most_common_elem_freqs)
  ) AS list (word, share)
  WHERE schemaname = 'attn_corpus' AND tablename = 'passages' AND attname = 'words'
), terms AS MATERIALIZED (
  SELECT ('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''')::tsquery AS term, share
  FROM unnest(tsvector_to_array(to_tsvector($3::text::regconfig, $2))) AS word LEFT JOIN common USING (word)
  ORDER BY share NULLS FIRST, word LIMIT ${MOST_TERMS}
), steps AS MATERIALIZED (
  SELECT term, coalesce(string_agg(term::text, ' | ') OVER (
    ORDER BY share NULLS FIRST, term::text ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), '')::tsquery AS earlier
  FROM terms ORDER BY share NULLS FIRST, term::text
), request AS MATERIALIZED (
  SELECT coalesce(string_agg(term::text, ' | '), '')::tsquery AS any_word,
    coalesce(string_agg(term::text, ' & '), '')::tsquery AS every_word
  FROM terms
)`;

type Filter = { readonly join: string; readonly sql: string } | undefined;

/** The passages of a filter that leaves few. */
const within = (filter: Filter): string => `within AS MATERIALIZED (
  SELECT path, place, words, embedding <=> $1::vector AS distance
  FROM attn_corpus.passages ${filter?.join ?? ''} ${filter ? `WHERE ${filter.sql}` : ''}
)`;

const NEAREST_WITHIN = `
  SELECT path, place, row_number() OVER (ORDER BY distance, path, place) AS rank
  FROM within ORDER BY rank LIMIT $4`;

/** By the index; a filter is applied to what the index gives. */
const nearest = (column: string, type: string, filter: Filter): string => `
  SELECT path, place, row_number() OVER (ORDER BY distance, path, place) AS rank FROM (
    SELECT path, place, ${column} <=> $1::${type} AS distance
    FROM attn_corpus.passages ${filter?.join ?? ''} ${filter ? `WHERE ${filter.sql}` : ''}
    ORDER BY ${column} <=> $1::${type} LIMIT $4
  ) AS list`;

/** The best of passages that have words. */
const worded = (source: string): string => `
  SELECT path, place, row_number() OVER (ORDER BY weight DESC, path, place) AS rank FROM (
    SELECT path, place, ts_rank_cd(matching.words, request.any_word, 1) AS weight
    FROM request, (${source}) AS matching ORDER BY weight DESC, path, place LIMIT $4
  ) AS list`;

const WORDED_WITHIN = 'SELECT path, place, words FROM request JOIN within ON words @@ request.any_word';

/**
 * Each part is looked up only if those before it have not found enough: the parts are in their order. No
 * passage comes twice.
 */
const wordedByIndex = (filter: Filter): string => {
  const passages = (condition: string): string => `
      SELECT path, place, words FROM attn_corpus.passages ${filter?.join ?? ''}
      WHERE ${condition} ${filter ? `AND ${filter.sql}` : ''}`;
  const every = passages('words @@ request.every_word');
  const step = passages(
    'words @@ steps.term AND NOT words @@ steps.earlier AND NOT words @@ request.every_word',
  );
  return `
    SELECT matching.* FROM request, LATERAL (${every}) AS matching
    UNION ALL
    SELECT matching.* FROM request, steps, LATERAL (${step}) AS matching
    LIMIT ${MOST_RANKED}`;
};
