/**
 * Tries several orders of a pattern's queries and keys, and chooses one. An arrangement says how the queries
 * are divided into groups and how the keys are ordered; the arrangement whose tiles hold the fewest pairs
 * wins.
 *
 * - Global tokens: their keys come last (scattered columns become a few dense tiles) and their queries form a
 *   group of their own (one global row costs one row, not a row block of 64). They come last, not first, so
 *   that all others keep their places: a band that is shifted against the tiles needs one more tile per row
 *   block.
 * - A modulus m (dilation, stride): by residue modulo m, so that a dilated window becomes a contiguous band.
 * - Labels (interleaved documents): by label. Key labels order the keys only.
 */
import type { OrderHint } from '../patterns/pattern.ts';
import { mod } from '../patterns/runs.ts';
import type { HeadPattern } from './coverage.ts';
import { orderOf } from './order.ts';
import { countPairs, type Plane } from './plan-blocks.ts';
import type { Steps } from '../async/steps.ts';

/** The rows that are not masked out, and the lengths of both sequences. */
export interface Rows {
  /** Rows that are not masked out, ascending; undefined for all. */
  readonly queries: Int32Array | undefined;
  readonly keys: Int32Array | undefined;
  readonly queryLength: number;
  readonly keyLength: number;
  /** Position of query row 0. */
  readonly queryOffset: number;
}

/** A way to order the queries and keys of a head. */
export interface Arrangement {
  readonly name: string;
  /** Queries that are not global tokens, or all of them. */
  readonly local: Plane;
  /** Queries that are global tokens, when they are kept apart. */
  readonly global: Plane | undefined;
}

/** A reordering must save this share of the pairs to be preferred: it costs a gather and shared masks. */
const WORTHWHILE = 0.98;

/**
 * The cheapest arrangement for a head. `separateGlobals`: global tokens' queries must be apart from the
 * others, because they use projections of their own.
 */
export function* arrange(headPattern: HeadPattern, rows: Rows, separateGlobals: boolean): Steps<Arrangement> {
  const { pattern, batchRow, head } = headPattern;
  const globals = pattern.globals(batchRow, head);
  const hints = pattern.hints(batchRow, head);
  const makers: (() => Arrangement)[] = [];
  if (!separateGlobals || globals.length === 0) makers.push(() => natural(headPattern, rows));
  if (globals.length > 0) makers.push(() => sorted(headPattern, rows, globals, undefined));
  for (const hint of hints) makers.push(() => sorted(headPattern, rows, globals, hint));
  if (makers.length === 1) return makers[0]();

  // The most specific comes first: its cost soon stops the count of the others.
  let best: Arrangement | undefined;
  let bestPairs = Infinity;
  for (const make of makers.reverse()) {
    const candidate = make();
    const limit = bestPairs / WORTHWHILE;
    const pairs = yield* pairsOf(candidate, limit);
    // Later candidates are simpler: they win unless they are clearly more expensive.
    if (best === undefined || pairs <= limit) {
      best = candidate;
      bestPairs = Math.min(bestPairs, pairs);
    }
  }
  return best ?? natural(headPattern, rows);
}

function* pairsOf({ local, global }: Arrangement, limit: number): Steps<number> {
  const pairs = yield* countPairs(local, limit);
  return global === undefined || pairs > limit ? pairs : pairs + (yield* countPairs(global, limit - pairs));
}

function natural(headPattern: HeadPattern, rows: Rows): Arrangement {
  const { queryLength, keyLength, queryOffset } = rows;
  const queries = orderOf(rows.queries ?? range(queryLength), queryLength, queryOffset);
  const keys = orderOf(rows.keys ?? range(keyLength), keyLength, 0);
  return { name: 'natural', local: { headPattern, queries, keys }, global: undefined };
}

function sorted(
  headPattern: HeadPattern,
  rows: Rows,
  globals: Int32Array,
  hint: OrderHint | undefined,
): Arrangement {
  const { queryLength, keyLength, queryOffset } = rows;
  const isGlobal = new Set(globals);
  const queries = rows.queries ?? range(queryLength);
  const keys = rows.keys ?? range(keyLength);
  const localQueries = sortRows(
    queries.filter((row) => !isGlobal.has(row + queryOffset)),
    queryOffset,
    hint,
    false,
  );
  const globalQueries = queries.filter((row) => isGlobal.has(row + queryOffset));
  const localKeys = sortRows(
    keys.filter((row) => !isGlobal.has(row)),
    0,
    hint,
    true,
  );
  const keyRows = new Int32Array(keys.length);
  keyRows.set(localKeys);
  keyRows.set(
    keys.filter((row) => isGlobal.has(row)),
    localKeys.length,
  );
  const keyOrder = orderOf(keyRows, keyLength, 0);
  const plane = (order: Int32Array): Plane => ({
    headPattern,
    queries: orderOf(order, queryLength, queryOffset),
    keys: keyOrder,
  });
  const inner = { pattern: headPattern.pattern.withoutGlobals(), keys: localKeys.length };
  return {
    name: [orderName(hint), globals.length > 0 ? 'globals last' : ''].filter(Boolean).join(', '),
    local: { ...plane(localQueries), inner },
    global: globalQueries.length > 0 ? plane(globalQueries) : undefined,
  };
}

/** Rows in the order of the hint. Rows that it does not tell apart keep their order. */
function sortRows(
  rows: Int32Array,
  offset: number,
  hint: OrderHint | undefined,
  areKeys: boolean,
): Int32Array {
  if (hint === undefined) return rows;
  const { keyLabels, labels, modulus } = hint;
  let order = rows;
  // The least important comes first: each sort is stable.
  if (modulus !== undefined) order = sortByRank(order, (row) => mod(row + offset, modulus));
  if (labels !== undefined) order = sortByRank(order, (row) => labels[row + offset] ?? Infinity);
  if (keyLabels !== undefined && areKeys) order = sortByRank(order, keyLabels);
  return order;
}

/** Sorts rows by rank: a stable counting sort. */
function sortByRank(rows: Int32Array, rankOf: (row: number) => number): Int32Array {
  const ranks = Float64Array.from(rows, rankOf);
  const sizes = new Map<number, number>();
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1);
  const next = new Map<number, number>();
  let begin = 0;
  for (const rank of [...sizes.keys()].sort((a, b) => a - b)) {
    next.set(rank, begin);
    begin += sizes.get(rank) ?? 0;
  }
  const sorted = new Int32Array(rows.length);
  rows.forEach((row, i) => {
    const place = next.get(ranks[i]) ?? 0;
    sorted[place] = row;
    next.set(ranks[i], place + 1);
  });
  return sorted;
}

/** The name of the order of a hint, for `explain`. */
function orderName({ keyLabels, labels, modulus }: OrderHint = {}): string {
  const parts = [
    keyLabels === undefined ? '' : 'keys by label',
    labels === undefined ? '' : 'by label',
    modulus === undefined ? '' : `by residue mod ${modulus}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function range(length: number): Int32Array {
  const rows = new Int32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  return rows;
}
