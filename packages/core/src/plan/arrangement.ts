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
 * - Attempts (functions that a formula compares, boxes of a canvas): by their values. They are tried last, as
 *   long as the search costs less than a few per cent of one dense call.
 */
import type { OrderAttempt, OrderHint } from '../patterns/pattern.ts';
import { mod } from '../patterns/runs.ts';
import { TILE, type TriedOrder } from './block-plan.ts';
import { overOrders } from './by-runs.ts';
import type { HeadPattern } from './coverage.ts';
import { orderOf } from './order.ts';
import { countPairs, type Count, type Plane, type SearchBudget } from './plan-blocks.ts';
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

/** The cheapest arrangement, and all that were compared. */
export interface Choice {
  readonly arrangement: Arrangement;
  readonly tried: readonly TriedOrder[];
}

/** A reordering must save this share of the pairs to be preferred: it costs a gather and shared masks. */
const WORTHWHILE = 0.98;

/** An order that is only a guess must save more. */
const WORTH_A_SEARCH = 0.9;

/**
 * The search may ask about so many rectangles for each tile of the plane. A tile of 64 × 64 pairs takes a
 * kernel some 20 µs, a question about one less than 1 µs.
 */
const VISITS_PER_TILE = 1;

/**
 * The cheapest arrangement for a head. `separateGlobals`: global tokens' queries must be apart from the
 * others, because they use projections of their own.
 */
export function* arrange(headPattern: HeadPattern, rows: Rows, separateGlobals: boolean): Steps<Choice> {
  const { pattern, batchRow, head } = headPattern;
  const globals = pattern.globals(batchRow, head);
  const hints = pattern.hints(batchRow, head);
  const [guesses, advice] = [hints.filter(isGuess), hints.filter((hint) => !isGuess(hint))];
  const makers: (() => Arrangement)[] = [];
  if (!separateGlobals || globals.length === 0) makers.push(() => natural(headPattern, rows));
  if (globals.length > 0) makers.push(() => sorted(headPattern, rows, globals, undefined));
  for (const hint of advice) makers.push(() => sorted(headPattern, rows, globals, hint));
  if (makers.length === 1 && guesses.length === 0) return { arrangement: makers[0](), tried: [] };

  // The most specific comes first: its cost soon stops the count of the others.
  const best: Best = { arrangement: undefined, pairs: Infinity, open: 0, tried: [] };
  for (const make of makers.reverse()) {
    const candidate = make();
    const limit = best.pairs / WORTHWHILE;
    const { pairs, open } = yield* pairsOf(candidate, limit);
    best.tried.push({ order: candidate.name, pairs, isDearer: pairs > limit });
    // Later candidates are simpler: they win unless they are clearly more expensive.
    if (best.arrangement === undefined || pairs <= limit) {
      best.arrangement = candidate;
      if (pairs < best.pairs) Object.assign(best, { pairs, open });
    }
  }
  yield* search(best, guesses, (hint) => sorted(headPattern, rows, globals, hint), rows);
  return { arrangement: best.arrangement ?? natural(headPattern, rows), tried: best.tried };
}

/** The pairs that kernels would compute in the cheapest arrangement, without a plan. */
export function* cheapestPairs(headPattern: HeadPattern, rows: Rows): Steps<number> {
  const { arrangement } = yield* arrange(headPattern, rows, false);
  return (yield* pairsOf(arrangement, Infinity)).pairs;
}

/** The cheapest arrangement so far. */
interface Best extends Count {
  arrangement: Arrangement | undefined;
  readonly tried: TriedOrder[];
}

/** Tries orders that are only guesses, each of which must be clearly cheaper. */
function* search(
  best: Best,
  guesses: readonly OrderHint[],
  make: (hint: OrderHint) => Arrangement,
  { queryLength, keyLength }: Rows,
): Steps<void> {
  const budget = { visits: VISITS_PER_TILE * Math.ceil(queryLength / TILE) * Math.ceil(keyLength / TILE) };
  for (const hint of guesses) {
    const limit = best.pairs * WORTH_A_SEARCH;
    // Pairs of open tiles are allowed: no order saves them.
    if (best.open > limit || budget.visits <= 0) return;
    const candidate = make(hint);
    if (candidate.local.queries.index === undefined) continue;
    const count = yield* pairsOf(candidate, limit, budget);
    const isDearer = count.pairs > limit || budget.visits <= 0;
    best.tried.push({ order: candidate.name, pairs: count.pairs, isDearer });
    if (!isDearer) Object.assign(best, { arrangement: candidate, ...count });
  }
}

function isGuess(hint: OrderHint): hint is OrderHint & { readonly attempt: OrderAttempt } {
  return hint.attempt !== undefined;
}

function* pairsOf({ local, global }: Arrangement, limit: number, budget?: SearchBudget): Steps<Count> {
  const count = yield* countPairs(local, limit, budget);
  if (global === undefined || count.pairs > limit) return count;
  const more = yield* countPairs(global, limit - count.pairs, budget);
  return { pairs: count.pairs + more.pairs, open: count.open + more.open };
}

/** Whether queries and keys are the same rows. */
function areSame({ queries, keys, queryLength, keyLength, queryOffset }: Rows): boolean {
  return queries === keys && queryLength === keyLength && queryOffset === 0;
}

function natural(headPattern: HeadPattern, rows: Rows): Arrangement {
  const { queryLength, keyLength, queryOffset } = rows;
  const keys = orderOf(rows.keys ?? range(keyLength), keyLength, 0);
  const queries = areSame(rows)
    ? keys
    : orderOf(rows.queries ?? range(queryLength), queryLength, queryOffset);
  const over = overOrders(headPattern, queries, keys);
  return { name: 'natural', local: { queries, keys, over }, global: undefined };
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
  const localKeys = sortRows(
    keys.filter((row) => !isGlobal.has(row)),
    0,
    hint,
    true,
  );
  const isShared = areSame(rows) && globals.length === 0 && hint?.keyLabels === undefined;
  const localQueries = isShared
    ? localKeys
    : sortRows(
        queries.filter((row) => !isGlobal.has(row + queryOffset)),
        queryOffset,
        hint,
        false,
      );
  const globalQueries = queries.filter((row) => isGlobal.has(row + queryOffset));
  const keyRows = new Int32Array(keys.length);
  keyRows.set(localKeys);
  keyRows.set(
    keys.filter((row) => isGlobal.has(row)),
    localKeys.length,
  );
  const keyOrder = orderOf(keyRows, keyLength, 0);
  const plane = (order: Int32Array): Plane => {
    const places = isShared ? keyOrder : orderOf(order, queryLength, queryOffset);
    return { queries: places, keys: keyOrder, over: overOrders(headPattern, places, keyOrder) };
  };
  const local = plane(localQueries);
  const rest = { ...headPattern, pattern: headPattern.pattern.withoutGlobals() };
  const inner = { over: overOrders(rest, local.queries, keyOrder), keys: localKeys.length };
  return {
    name: [orderName(hint), globals.length > 0 ? 'globals last' : ''].filter(Boolean).join(', '),
    local: { ...local, inner },
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
  const { keyLabels, labels, modulus, attempt } = hint;
  let order = rows;
  // The least important comes first: each sort is stable.
  for (const rank of attempt?.ranks.toReversed() ?? [])
    order = sortByRank(order, (row) => rank(row + offset));
  if (modulus !== undefined) order = sortByRank(order, (row) => mod(row + offset, modulus));
  if (labels !== undefined) order = sortByRank(order, (row) => labels[row + offset] ?? Infinity);
  if (keyLabels !== undefined && areKeys) order = sortByRank(order, keyLabels);
  return order;
}

/** Sorts rows by rank, stably. */
function sortByRank(rows: Int32Array, rankOf: (row: number) => number): Int32Array {
  const ranks = Float64Array.from(rows, rankOf);
  const distinct = new Float64Array(new Set(ranks)).sort();
  const numbers = new Map<number, number>();
  distinct.forEach((rank, number) => numbers.set(rank, number));
  const next = new Int32Array(distinct.length + 1);
  const places = Int32Array.from(ranks, (rank) => numbers.get(rank) ?? 0);
  for (const number of places) next[number + 1] += 1;
  for (let number = 1; number < next.length; number++) next[number] += next[number - 1];
  const sorted = new Int32Array(rows.length);
  places.forEach((number, i) => {
    sorted[next[number]++] = rows[i];
  });
  return sorted;
}

/** The name of the order of a hint, for `explain`. */
function orderName({ keyLabels, labels, modulus, attempt }: OrderHint = {}): string {
  const parts = [
    keyLabels === undefined ? '' : 'keys by label',
    labels === undefined ? '' : 'by label',
    modulus === undefined ? '' : `by residue mod ${modulus}`,
    attempt?.name ?? '',
  ];
  return parts.filter(Boolean).join(', ');
}

function range(length: number): Int32Array {
  const rows = new Int32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  return rows;
}
