/**
 * The orders worth trying for a pattern, and the choice among them. An arrangement says how the queries are
 * divided into groups and how the keys are ordered; the one whose tiles hold the fewest pairs wins.
 *
 * - Global tokens: their keys come last (scattered columns become a few dense tiles) and their queries form a
 *   group of their own (one global row costs one row, not a row block of 64). Last and not first, so that the
 *   other queries and keys go on standing at the same places: a band that is shifted against the tiles needs
 *   one more tile per row block.
 * - A modulus m (dilation, stride): by residue modulo m, so that a dilated window becomes a contiguous band.
 * - Labels (interleaved documents): by label. Key labels: the same, of the keys only.
 */
import type { OrderHint } from '../patterns/pattern.ts';
import { mod } from '../patterns/runs.ts';
import type { HeadPattern } from './coverage.ts';
import { orderOf } from './order.ts';
import { countPairs, type Plane } from './plan-blocks.ts';
import type { Steps } from '../async/steps.ts';

/** The rows that take part, and the sizes around them. */
export interface Rows {
  /** Rows that are not masked out, ascending; undefined for all. */
  readonly queries: Int32Array | undefined;
  readonly keys: Int32Array | undefined;
  readonly queryLength: number;
  readonly keyLength: number;
  /** Position of query row 0. */
  readonly queryOffset: number;
}

/** One way of ordering a head's queries and keys. */
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
export function* arrange(at: HeadPattern, rows: Rows, separateGlobals: boolean): Steps<Arrangement> {
  const globals = at.pattern.globals(at.batchRow, at.head);
  const hints = at.pattern.hints(at.batchRow, at.head);
  const makers: (() => Arrangement)[] = [];
  if (!separateGlobals || globals.length === 0) makers.push(() => natural(at, rows));
  if (globals.length > 0) makers.push(() => sorted(at, rows, globals, undefined));
  for (const hint of hints) makers.push(() => sorted(at, rows, globals, hint));
  if (makers.length === 1) return makers[0]();

  // The most specific first, so that the others' count is stopped early by its cost.
  let best: Arrangement | undefined;
  let bestPairs = Infinity;
  for (const make of makers.reverse()) {
    const candidate = make();
    const limit = bestPairs / WORTHWHILE;
    const pairs = yield* pairsOf(candidate, limit);
    // A candidate that comes later in this loop is the simpler one: it wins unless it is clearly dearer.
    if (best === undefined || pairs <= limit) {
      best = candidate;
      bestPairs = Math.min(bestPairs, pairs);
    }
  }
  return best ?? natural(at, rows);
}

function* pairsOf({ local, global }: Arrangement, limit: number): Steps<number> {
  const pairs = yield* countPairs(local, limit);
  return global === undefined || pairs > limit ? pairs : pairs + (yield* countPairs(global, limit - pairs));
}

function natural(at: HeadPattern, rows: Rows): Arrangement {
  const { queryLength, keyLength, queryOffset } = rows;
  const queries = orderOf(rows.queries ?? range(queryLength), queryLength, queryOffset);
  const keys = orderOf(rows.keys ?? range(keyLength), keyLength, 0);
  return { name: 'natural', local: { at, queries, keys }, global: undefined };
}

function sorted(at: HeadPattern, rows: Rows, globals: Int32Array, hint: OrderHint | undefined): Arrangement {
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
    at,
    queries: orderOf(order, queryLength, queryOffset),
    keys: keyOrder,
  });
  const inner = { pattern: at.pattern.withoutGlobals(), keys: localKeys.length };
  return {
    name: [describe(hint), globals.length > 0 ? 'globals last' : ''].filter(Boolean).join(', '),
    local: { ...plane(localQueries), inner },
    global: globalQueries.length > 0 ? plane(globalQueries) : undefined,
  };
}

/** Rows in the order of the hint, which stays that of the rows where the hint does not tell them apart. */
function sortRows(
  rows: Int32Array,
  offset: number,
  hint: OrderHint | undefined,
  areKeys: boolean,
): Int32Array {
  if (hint === undefined) return rows;
  const { keyLabels, labels, modulus } = hint;
  let order = rows;
  // The least important first: each sorting keeps what the ones before it did.
  if (modulus !== undefined) order = sortBy(order, (row) => mod(row + offset, modulus));
  if (labels !== undefined) order = sortBy(order, (row) => labels[row + offset] ?? Infinity);
  if (keyLabels !== undefined && areKeys) order = sortBy(order, keyLabels);
  return order;
}

/** A stable counting sort by rank. */
function sortBy(rows: Int32Array, rankOf: (row: number) => number): Int32Array {
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

function describe({ keyLabels, labels, modulus }: OrderHint = {}): string {
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
