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
import { sortByRank } from './sort-by-rank.ts';
import { countPairs, type Count, type CountOptions, type Plane } from './plan-blocks.ts';
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
  /** What it costs; absent where it was compared with none. */
  readonly count?: Count;
  /** Its number among the candidates, which are the same for equal patterns and rows. */
  readonly number: number;
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

/** What `arrange` may do. */
interface ArrangeOptions {
  /** Global tokens' queries must be apart from the others, because they use projections of their own. */
  readonly separateGlobals: boolean;
  /** Costs may be estimates. Default false. */
  readonly isEstimate?: boolean;
  /** An earlier choice for an equal pattern and equal rows, which is taken again. */
  readonly earlier?: Omit<Choice, 'arrangement'> | undefined;
}

/** The cheapest arrangement for a head. */
export function* arrange(
  headPattern: HeadPattern,
  rows: Rows,
  { separateGlobals, isEstimate = false, earlier }: ArrangeOptions,
): Steps<Choice> {
  const { pattern, batchRow, head } = headPattern;
  const globals = pattern.globals(batchRow, head);
  const hints = pattern.hints(batchRow, head);
  const [guesses, advice] = [hints.filter(isGuess), hints.filter((hint) => !isGuess(hint))];
  const by = (hint: OrderHint | undefined) => (): Arrangement => sorted(headPattern, rows, globals, hint);
  // The most specific comes first: its cost soon stops the count of the others.
  const makers: (() => Arrangement)[] = advice.map(by).reverse();
  if (globals.length > 0) makers.push(by(undefined));
  if (!separateGlobals || globals.length === 0) makers.push(() => natural(headPattern, rows));
  const candidates = [...makers, ...guesses.map(by)];
  if (candidates.length === 1) return { arrangement: makers[0](), tried: [], number: 0 };
  if (earlier !== undefined) return { ...earlier, arrangement: candidates[earlier.number]() };

  const best: Best = { arrangement: undefined, number: 0, pairs: Infinity, open: 0, tried: [] };
  if (makers.length === 1 && !isEstimate) {
    // Where nearly all tiles are open, no guess can win, and no exact count is needed.
    const arrangement = makers[0]();
    const count = yield* pairsOf(arrangement, { limit: Infinity, isEstimate: true });
    if (count.open > count.pairs * WORTH_A_SEARCH) {
      const tried = [{ order: arrangement.name, pairs: count.pairs, isDearer: false }];
      return { arrangement, number: 0, tried, count };
    }
  }
  for (const [number, make] of makers.entries()) {
    const arrangement = make();
    const limit = best.pairs / WORTHWHILE;
    const { pairs, open } = yield* pairsOf(arrangement, { limit, isEstimate });
    best.tried.push({ order: arrangement.name, pairs, isDearer: pairs > limit });
    // Later candidates are simpler: they win unless they are clearly more expensive.
    if (best.arrangement === undefined || pairs <= limit) {
      Object.assign(best, { arrangement, number });
      if (pairs < best.pairs) Object.assign(best, { pairs, open });
    }
  }
  yield* search(best, { candidates, first: makers.length, rows, isEstimate });
  const { arrangement = natural(headPattern, rows), number, tried, pairs, open } = best;
  return { arrangement, number, tried, count: { pairs, open } };
}

/** An estimate of the pairs that kernels would compute in the cheapest arrangement, without a plan. */
export function* estimateOf(headPattern: HeadPattern, rows: Rows): Steps<Count> {
  const isEstimate = true;
  const { arrangement, count } = yield* arrange(headPattern, rows, { separateGlobals: false, isEstimate });
  return count ?? (yield* pairsOf(arrangement, { limit: Infinity, isEstimate }));
}

/** The cheapest arrangement so far. */
interface Best extends Count {
  arrangement: Arrangement | undefined;
  number: number;
  readonly tried: TriedOrder[];
}

/** What a search tries. */
interface SearchOptions {
  readonly candidates: readonly (() => Arrangement)[];
  /** The first candidate that is only a guess. */
  readonly first: number;
  readonly rows: Rows;
  readonly isEstimate: boolean;
}

/** Tries orders that are only guesses, each of which must be clearly cheaper. */
function* search(
  best: Best,
  { candidates, first, rows: { queryLength, keyLength }, isEstimate }: SearchOptions,
): Steps<void> {
  const budget = { visits: VISITS_PER_TILE * Math.ceil(queryLength / TILE) * Math.ceil(keyLength / TILE) };
  for (let number = first; number < candidates.length; number++) {
    const limit = best.pairs * WORTH_A_SEARCH;
    // Pairs of open tiles are allowed: no order saves them.
    if (best.open > limit || budget.visits <= 0) return;
    const arrangement = candidates[number]();
    if (arrangement.local.queries.index === undefined) continue;
    const count = yield* pairsOf(arrangement, { limit, budget, isEstimate });
    const isDearer = count.pairs > limit || budget.visits <= 0;
    best.tried.push({ order: arrangement.name, pairs: count.pairs, isDearer });
    if (!isDearer) Object.assign(best, { arrangement, number, ...count });
  }
}

function isGuess(hint: OrderHint): hint is OrderHint & { readonly attempt: OrderAttempt } {
  return hint.attempt !== undefined;
}

function* pairsOf({ local, global }: Arrangement, options: CountOptions): Steps<Count> {
  const { limit } = options;
  const count = yield* countPairs(local, options);
  if (global === undefined || count.pairs > limit) return count;
  const more = yield* countPairs(global, { ...options, limit: limit - count.pairs });
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
  const localOf = (of: Int32Array, offset: number): Int32Array =>
    globals.length === 0 ? of : of.filter((row) => !isGlobal.has(row + offset));
  const globalOf = (of: Int32Array, offset: number): Int32Array =>
    globals.length === 0 ? globals : of.filter((row) => isGlobal.has(row + offset));
  const localKeys = sortRows(localOf(keys, 0), 0, hint, true);
  const isShared = areSame(rows) && globals.length === 0 && hint?.keyLabels === undefined;
  const localQueries = isShared
    ? localKeys
    : sortRows(localOf(queries, queryOffset), queryOffset, hint, false);
  const globalQueries = globalOf(queries, queryOffset);
  const keyRows = new Int32Array(keys.length);
  keyRows.set(localKeys);
  keyRows.set(globalOf(keys, 0), localKeys.length);
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
