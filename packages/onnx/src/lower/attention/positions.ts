/** Positions of the keys of a pool, and how far they are from the queries that see them. */
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { KeyPool, Projection } from './key-pools.ts';
import { HIDE_ALL } from './mask-table.ts';
import type { Schedule, ScheduledBin } from './schedule.ts';

/** The position of each key of a pool, [tiles · 64]; any where a tile is filled up. */
export function positionsOf({ rows, tiles }: KeyPool, { keyLength }: AttentionProblem): Int32Array {
  return Int32Array.from({ length: tiles * TILE }, (_, i) => (rows?.[i] ?? i) % keyLength);
}

/**
 * The greatest power of two, up to 64, such that every run of so many keys has consecutive positions and
 * begins at a multiple of it. A run may end early, where its tile is filled up.
 */
export function runOf(positions: Int32Array, { keyCounts }: Pick<KeyPool, 'keyCounts'>): number {
  let run = TILE;
  const isInRun = (i: number): boolean => {
    const first = positions[i - (i % run)];
    return first % run === 0 && positions[i] === first + (i % run);
  };
  keyCounts.forEach((count, tile) => {
    for (let i = tile * TILE; i < tile * TILE + count; i++) while (run > 1 && !isInRun(i)) run /= 2;
  });
  return run;
}

/** The positions of the first keys of pieces of `size` keys, counted in pieces. */
export function firstKeys(positions: Int32Array, size: number): Int32Array {
  return Int32Array.from({ length: positions.length / size }, (_, i) => positions[i * size] / size);
}

/** Offsets, that is, positions of keys less those of queries. */
export interface OffsetRange {
  readonly least: number;
  readonly greatest: number;
}

/** The least and greatest offset between a query and a key of a tile that it may see. */
export function offsetRange(
  { bins }: Pick<Schedule, 'bins'>,
  projection: Projection,
  positions: Int32Array,
  { queryLength, queryOffset }: AttentionProblem,
): OffsetRange {
  const keysOfTile = Array.from({ length: positions.length / TILE }, (_, tile) =>
    extent(positions.subarray(tile * TILE, (tile + 1) * TILE)),
  );
  let [least, greatest] = [Infinity, -Infinity];
  const meet = (queries: Extent, { first, last }: Extent): void => {
    least = Math.min(least, first - queries.last);
    greatest = Math.max(greatest, last - queries.first);
  };
  for (const bin of bins) {
    if (bin.projection !== projection) continue;
    for (let block = 0; block < bin.steps * bin.blocks; block++) {
      const rows = bin.rows.subarray(block * TILE, (block + 1) * TILE);
      const queries = extent(rows.map((row) => (row % queryLength) + queryOffset));
      forEachTileOf(bin, block, (tile) => meet(queries, keysOfTile[tile]));
    }
  }
  return least > greatest ? { least: 0, greatest: 0 } : { least, greatest };
}

/** The least and greatest of some positions. */
interface Extent {
  readonly first: number;
  readonly last: number;
}

function extent(positions: Int32Array): Extent {
  let [first, last] = [Infinity, -Infinity];
  for (const position of positions) {
    first = Math.min(first, position);
    last = Math.max(last, position);
  }
  return { first, last };
}

/** Visits the tiles of a row block that hide something less than everything. */
function forEachTileOf(
  { open, openTiles, masked, maskedTiles, masks }: ScheduledBin,
  block: number,
  visit: (tile: number) => void,
): void {
  for (let t = block * openTiles; t < (block + 1) * openTiles; t++) visit(open[t]);
  for (let t = block * maskedTiles; t < (block + 1) * maskedTiles; t++) {
    if (masks[t] !== HIDE_ALL) visit(masked[t]);
  }
}

/**
 * Whether the row blocks of each step of a bin have the same queries and keys, of several heads of one batch
 * row.
 */
export function haveSamePairs(
  bin: ScheduledBin,
  positions: Int32Array,
  { heads, queryLength }: Pick<AttentionProblem, 'heads' | 'queryLength'>,
): boolean {
  const { steps, blocks, rows, open, openTiles, masked, maskedTiles } = bin;
  const areSame = (width: number, isSame: (a: number, b: number) => boolean): boolean => {
    for (let i = 0; i < steps * blocks * width; i++) {
      const step = i - (i % (blocks * width));
      if (!isSame(i, step + (i % width))) return false;
    }
    return true;
  };
  const batchRow = (row: number): number => Math.floor(row / (heads * queryLength));
  const haveSameKeys = (a: number, b: number): boolean => {
    for (let key = 0; key < TILE; key++)
      if (positions[a * TILE + key] !== positions[b * TILE + key]) return false;
    return true;
  };
  return (
    areSame(TILE, (a, b) => rows[a] % queryLength === rows[b] % queryLength) &&
    areSame(TILE, (a, b) => batchRow(rows[a]) === batchRow(rows[b])) &&
    areSame(openTiles, (a, b) => haveSameKeys(open[a], open[b])) &&
    areSame(maskedTiles, (a, b) => haveSameKeys(masked[a], masked[b]))
  );
}
