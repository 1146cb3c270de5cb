/**
 * The orders worth trying for a pattern, and the choice among them. An arrangement says how the queries are divided into
 * groups and how the keys are ordered; the one whose tiles hold the fewest pairs wins.
 *
 * - Global tokens: their keys come first (scattered columns become a few dense tiles) and their queries form a group of
 *   their own (one global row costs one row, not a row block of 64).
 * - A modulus m (dilation, stride): by residue modulo m, so that a dilated window becomes a contiguous band.
 * - Labels (interleaved documents): by label.
 */
import type { OrderHint } from '../patterns/pattern.ts';
import { mod } from '../patterns/runs.ts';
import type { HeadPattern } from './coverage.ts';
import { identityOrder, orderOf, type Order } from './order.ts';
import { countPairs } from './plan-blocks.ts';

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
  readonly local: Order;
  /** Queries that are global tokens, when they are kept apart. */
  readonly global: Order | undefined;
  readonly keys: Order;
}

/** A reordering must save this share of the pairs to be preferred: it costs a gather and shared masks. */
const WORTHWHILE = 0.98;

/**
 * The cheapest arrangement for a head. `separateGlobals`: global tokens' queries must be apart from the others, because they
 * use projections of their own.
 */
export function arrange(at: HeadPattern, rows: Rows, separateGlobals: boolean): Arrangement {
  const globals = at.pattern.globals(at.batchRow, at.head);
  const hints = at.pattern.hints(at.batchRow, at.head);
  const makers: (() => Arrangement)[] = [];
  if (!separateGlobals || globals.length === 0) makers.push(() => natural(rows));
  if (globals.length > 0) makers.push(() => sorted(rows, globals, undefined));
  for (const hint of hints) makers.push(() => sorted(rows, globals, hint));
  if (makers.length === 1) return makers[0]();

  // The most specific first, so that the others' count is stopped early by its cost.
  let best: Arrangement | undefined;
  let bestPairs = Infinity;
  for (const make of makers.reverse()) {
    const candidate = make();
    const limit = bestPairs / WORTHWHILE;
    const pairs = pairsOf(at, candidate, limit);
    // A candidate that comes later in this loop is the simpler one: it wins unless it is clearly dearer.
    if (best === undefined || pairs <= limit) {
      best = candidate;
      bestPairs = Math.min(bestPairs, pairs);
    }
  }
  return best ?? natural(rows);
}

function pairsOf(at: HeadPattern, { local, global, keys }: Arrangement, limit: number): number {
  const pairs = countPairs(at, local, keys, limit);
  return global === undefined || pairs > limit ? pairs : pairs + countPairs(at, global, keys, limit - pairs);
}

function natural(rows: Rows): Arrangement {
  const { queries, keys, queryLength, keyLength, queryOffset } = rows;
  return {
    name: 'natural',
    local: queries === undefined ? identityOrder(queryLength, queryOffset) : orderOf(queries, queryLength, queryOffset),
    global: undefined,
    keys: keys === undefined ? identityOrder(keyLength, 0) : orderOf(keys, keyLength, 0),
  };
}

function sorted(rows: Rows, globals: Int32Array, hint: OrderHint | undefined): Arrangement {
  const { queryLength, keyLength, queryOffset } = rows;
  const isGlobal = new Set(globals);
  const queries = [...(rows.queries ?? range(queryLength))];
  const keys = [...(rows.keys ?? range(keyLength))];
  const localQueries = queries.filter((row) => !isGlobal.has(row + queryOffset));
  const globalQueries = queries.filter((row) => isGlobal.has(row + queryOffset));
  const localKeys = keys.filter((row) => !isGlobal.has(row));
  const globalKeys = keys.filter((row) => isGlobal.has(row));
  const keyOrder = [...globalKeys, ...sortRows(localKeys, 0, hint)];
  return {
    name: [globals.length > 0 ? 'globals first' : '', describe(hint)].filter(Boolean).join(', then '),
    local: orderOf(Int32Array.from(sortRows(localQueries, queryOffset, hint)), queryLength, queryOffset),
    global:
      globalQueries.length > 0 ? orderOf(Int32Array.from(globalQueries), queryLength, queryOffset) : undefined,
    keys: orderOf(Int32Array.from(keyOrder), keyLength, 0),
  };
}

/** Rows in the order of the hint; rows of an equal label or residue stay ascending. */
function sortRows(rows: number[], offset: number, hint: OrderHint | undefined): number[] {
  if (hint === undefined) return rows;
  const rankOf = (row: number): number => {
    const position = row + offset;
    const label = hint.labels === undefined ? 0 : (hint.labels[position] ?? Infinity);
    return hint.modulus === undefined ? label : label * hint.modulus + mod(position, hint.modulus);
  };
  const ranks = new Map<number, number[]>();
  for (const row of rows) {
    const rank = rankOf(row);
    const members = ranks.get(rank);
    if (members === undefined) ranks.set(rank, [row]);
    else members.push(row);
  }
  return [...ranks.entries()].sort(([a], [b]) => a - b).flatMap(([, members]) => members);
}

function describe(hint: OrderHint | undefined): string {
  if (hint === undefined) return '';
  const label = hint.labels === undefined ? [] : ['label'];
  const residue = hint.modulus === undefined ? [] : [`residue mod ${hint.modulus}`];
  return `by ${[...label, ...residue].join(' and ')}`;
}

function range(length: number): Int32Array {
  const rows = new Int32Array(length);
  for (let row = 0; row < length; row++) rows[row] = row;
  return rows;
}
