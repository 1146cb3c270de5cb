/**
 * A schedule's tables as values of the model, which scans read. Where all runs share the plan they are
 * constants, and made here; else they are inputs of the model (`dynamic-tables.ts`).
 */
import { bool, i32, type Tensor } from '@attn/core';
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { Dim, Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { kindTables, type KindTables } from './block-kinds.ts';
import type { KeyPool, Projection } from './key-pools.ts';
import { firstKeys, haveSamePairs, offsetRange, positionsOf, runOf, type OffsetRange } from './positions.ts';
import type { Schedule, ScheduledBin } from './schedule.ts';

/**
 * The model's names of a bin's tables, each with a leading axis of steps. Undefined tables are not needed.
 */
export interface BinTables {
  readonly projection: Projection;
  readonly blocks: number;
  readonly rows: Name;
  readonly open: Name | undefined;
  readonly openTiles: Dim;
  readonly masked: Name | undefined;
  readonly maskedTiles: Dim;
  readonly masks: Name | undefined;
  readonly visible: Name | undefined;
  /** [64, T·64] f32 of 0 and 1: a mask that all row blocks of the bin share. Open tiles come first. */
  readonly sharedMask: Name | undefined;
  /** [masks, 64, 64] bool: the masks of all bins. */
  readonly table: Name | undefined;
  /** The kinds of row blocks, for biases of so many members; undefined where steps read pieces. */
  kinds(members: number): KindTables | undefined;
  /** Whether the row blocks of each step are those of several heads with the same queries and keys. */
  sharesPairs(): boolean;
}

/** The model's names of a pool's tables, and what is known of the positions of its keys. */
export interface PoolTables {
  /** [64 · tiles] i32: rows of keys. Undefined where tiles are consecutive rows. */
  readonly rows: Name | undefined;
  /** Keys of a tile come in runs of so many consecutive positions; each run begins at a multiple of it. */
  run(): number;
  /** The least and greatest offset of a key from a query that sees it. */
  range(): OffsetRange;
  /**
   * [tiles, 64 / size] i32: positions of the first keys of pieces of `size` keys, a power of two up to `run`,
   * counted in pieces. They are added to the model at the first call.
   */
  positions(size: number): Name;
}

/** The model's names of all tables of a schedule. */
export interface ScheduleTables {
  readonly pools: Readonly<Partial<Record<Projection, PoolTables>>>;
  readonly bins: readonly BinTables[];
  /** [B·H·Nq] i32: the index of each row's result. Undefined where results are in the order of rows. */
  readonly results: Name | undefined;
}

/** Row blocks share one mask of all their tiles only where it has at most this many. */
const SHARED_TILES = 32;

/** Adds the tables of a plan that never changes, as constants. */
export function staticTables(
  context: LoweringContext,
  problem: AttentionProblem,
  schedule: Schedule,
): ScheduleTables {
  const { model, main } = context;
  const ints = (wish: string, shape: readonly number[], data: Int32Array): Name =>
    model.tensor(wish, i32(shape, data));
  let table: Name | undefined;
  const tableName = (): Name => (table ??= model.tensor('masks', maskTensor(schedule)));
  const positionsOfPool = new Map<Projection, Int32Array>();
  const positionsIn = (projection: Projection, keys: KeyPool): Int32Array => {
    const cached = positionsOfPool.get(projection) ?? positionsOf(keys, problem);
    positionsOfPool.set(projection, cached);
    return cached;
  };
  const bins = schedule.bins.map((bin): BinTables => {
    const { projection, steps, blocks, openTiles, maskedTiles, visible } = bin;
    const shape = [steps, blocks];
    const shared = sharedMask(schedule, bin);
    const isMasked = maskedTiles > 0;
    const kinds = new Map<number, KindTables | undefined>();
    const kindsOf = (members: number): KindTables | undefined => {
      const keys = schedule.pools[projection];
      if (keys === undefined) return undefined;
      const { keyCounts } = keys;
      const positioned = { positions: positionsIn(projection, keys), keyCounts, masks: schedule.table };
      return kindTables(model, bin, positioned, problem, members);
    };
    return {
      projection,
      blocks,
      kinds: (members) => {
        if (!kinds.has(members)) kinds.set(members, kindsOf(members));
        return kinds.get(members);
      },
      sharesPairs: () => {
        const keys = schedule.pools[projection];
        return keys !== undefined && haveSamePairs(bin, positionsIn(projection, keys), problem);
      },
      openTiles,
      maskedTiles,
      rows: ints('rows', [...shape, TILE], bin.rows),
      open: openTiles > 0 ? ints('tiles', [...shape, openTiles], bin.open) : undefined,
      masked: isMasked ? ints('maskedTiles', [...shape, maskedTiles], bin.masked) : undefined,
      masks:
        isMasked && shared === undefined ? ints('tileMasks', [...shape, maskedTiles], bin.masks) : undefined,
      visible: visible && model.tensor('visible', bool([...shape, TILE], visible)),
      sharedMask:
        shared && model.array('mask', { dtype: 'f32', shape: [TILE, shared.length / TILE] }, shared),
      table: isMasked && shared === undefined ? tableName() : undefined,
    };
  });
  const pool = (projection: Projection): PoolTables | undefined => {
    const keys = schedule.pools[projection];
    if (keys === undefined) return undefined;
    const all = (): Int32Array => positionsIn(projection, keys);
    const positions = new Map<number, Name>();
    return {
      rows: keys.rows && ints('keys', [keys.rows.length], keys.rows),
      run: () => runOf(all(), keys),
      range: () => offsetRange(schedule, projection, all(), problem),
      positions: (size) => {
        const name =
          positions.get(size) ?? ints('keyPositions', [keys.tiles, TILE / size], firstKeys(all(), size));
        positions.set(size, name);
        return name;
      },
    };
  };
  return {
    pools: { local: pool('local'), global: pool('global') },
    bins,
    results:
      schedule.results && main.model.tensor('results', i32([schedule.results.length], schedule.results)),
  };
}

/** [masks, 64, 64]: the masks of a schedule. */
export function maskTensor({ table }: Schedule): Tensor {
  return bool([table.length / TILE ** 2, TILE, TILE], table);
}

/** The mask that all row blocks of a bin have in common; undefined where their masks differ. */
function sharedMask({ table }: Schedule, bin: ScheduledBin): Float32Array | undefined {
  const { masks, maskedTiles, openTiles } = bin;
  const tiles = openTiles + maskedTiles;
  if (maskedTiles === 0 || tiles > SHARED_TILES) return undefined;
  for (let i = maskedTiles; i < masks.length; i++) if (masks[i] !== masks[i - maskedTiles]) return undefined;
  const mask = new Float32Array(TILE * tiles * TILE).fill(1);
  for (let t = 0; t < maskedTiles; t++) {
    for (let row = 0; row < TILE; row++) {
      for (let column = 0; column < TILE; column++) {
        if (table[(masks[t] * TILE + row) * TILE + column] === 1) continue;
        mask[(row * tiles + openTiles + t) * TILE + column] = 0;
      }
    }
  }
  return mask;
}
