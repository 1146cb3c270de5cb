/** What the worker does for Draw: plans a pattern, and says which pixels of a picture it covers. */
import { patternFromJson, type AttentionPlan, type Pattern, type PlanStats } from '@attn/core';
import { createPause, finishPolitely, planBytes, planSteps } from '@attn/core/backend';
import type { PatternJson } from '../pattern/kind.ts';
import { coverageRaster } from './coverage-raster.ts';
import { TileIndex } from './tile-index.ts';

/** The sizes of a call, with one batch row. */
export interface DrawSizes {
  readonly n: number;
  readonly heads: number;
}

/** What is known of a plan of one head or of all. */
export interface PlanReport {
  /** Sums over all heads. */
  readonly stats: PlanStats;
  /** All query–key pairs of all heads. */
  readonly pairs: number;
  readonly planMs: number;
  readonly bytes: number;
  /** One for each set of heads and rows that share tiles. */
  readonly groups: readonly {
    readonly order: string;
    readonly heads: number;
    readonly queries: number;
    readonly keys: number;
    readonly tiles: number;
    readonly maskedTiles: number;
    readonly masks: number;
    readonly computedPairs: number;
  }[];
}

/** A rectangle of the picture, in positions or in places of the computed order: from … to (exclusive). */
export interface Rectangle {
  readonly queries: readonly [number, number];
  readonly keys: readonly [number, number];
}

/** What is drawn. */
export interface RasterJob extends Rectangle {
  readonly head: number;
  /** `positions`: by position; `computed`: in the order of the tiles. */
  readonly order: 'positions' | 'computed';
  /** The most pixels of a side. */
  readonly size: number;
}

/** A picture: for each pixel a sum of `PIXEL`s. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

interface Plan {
  readonly sizes: DrawSizes;
  readonly pattern: Pattern;
  readonly plan: AttentionPlan;
  readonly indices: Map<number, TileIndex>;
}

let current: Plan | undefined;
let running = new AbortController();

/**
 * Plans a pattern, and keeps the plan for pictures. A later call ends an earlier one. Errors: those of core.
 */
export async function plan(json: PatternJson, { n, heads }: DrawSizes): Promise<PlanReport> {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const pattern = patternFromJson(json);
  const sizes = { batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 };
  const start = performance.now();
  const result = await finishPolitely(planSteps(sizes, pattern), createPause(signal, 'playground/plan'));
  const planMs = performance.now() - start;
  current = { sizes: { n, heads }, pattern, plan: result, indices: new Map() };
  return {
    stats: result.stats,
    pairs: heads * n * n,
    planMs,
    bytes: result.groups.reduce((sum, { block }) => sum + planBytes(block), 0),
    groups: result.groups.map(({ block, members }) => ({
      ...block.stats,
      heads: members.length,
      queries: block.queryCount,
      keys: block.keyCount,
    })),
  };
}

/** The tiles of one head of the current plan. */
function tilesOf(state: Plan, head: number): TileIndex {
  let index = state.indices.get(head);
  if (index === undefined) {
    const blocks = state.plan.groups
      .filter(({ members }) => members.includes(head))
      .map(({ block }) => block);
    index = new TileIndex(blocks, state.sizes.n);
    state.indices.set(head, index);
  }
  return index;
}

/** Draws a part of the current plan; undefined before there is one. */
export function raster({ head, order, size, queries, keys }: RasterJob): Raster | undefined {
  if (current === undefined || head >= current.sizes.heads) return undefined;
  const rows = edges(queries, size);
  const columns = edges(keys, size);
  const tiles = tilesOf(current, head);
  const pixels =
    order === 'computed'
      ? tiles.computedRaster(rows, columns)
      : coverageRaster(current.pattern, head, rows, columns);
  if (order === 'positions') tiles.markComputed(pixels, rows, columns);
  return { width: columns.length - 1, height: rows.length - 1, pixels };
}

/** The first position of each pixel, and at last the one behind all: at least one position a pixel. */
function edges([from, to]: readonly [number, number], size: number): Int32Array {
  const pixels = Math.max(1, Math.min(size, to - from));
  return Int32Array.from({ length: pixels + 1 }, (_, i) => from + Math.floor((i * (to - from)) / pixels));
}
