/**
 * Schedules a block plan as the steps of ONNX `Scan`s. The row blocks of all heads are sorted into bins of
 * equal numbers of tiles: each bin is a batch of equal products, so the cost follows the pattern. A scan
 * walks over a bin a few row blocks at a time, so memory does not grow with the bin. Numbers count across
 * batch and heads: query rows in [B·H·Nq], key tiles in a pool that holds each head's keys in the plan's
 * order, padded to whole tiles.
 */
import { type AttentionPlan } from '@attn/core';
import {
  countTiles,
  forEachSpan,
  forEachTile,
  MASK_WORDS,
  TILE,
  type AttentionProblem,
  type PlanGroup,
} from '@attn/core/backend';
import { KeyPools, type KeyPool, type Projection } from './key-pools.ts';
import { HIDE_ALL, HIDE_NOTHING, MaskTable } from './mask-table.ts';
import { partition, type Bin } from './partition.ts';

/** The row blocks of one scan, all with the same number of tiles. */
export interface ScheduledBin {
  readonly projection: Projection;
  readonly steps: number;
  /** Row blocks of each step. */
  readonly blocks: number;
  /**
   * [steps · blocks · 64]: query rows in [B·H·Nq]. Where a block has fewer than 64 rows its first row is
   * repeated, and those results are unused.
   */
  readonly rows: Int32Array;
  /** [steps · blocks · openTiles]: tiles of the pool that need no mask. */
  readonly open: Int32Array;
  readonly openTiles: number;
  /** [steps · blocks · maskedTiles]: tiles of the pool that need a mask. */
  readonly masked: Int32Array;
  readonly maskedTiles: number;
  /** [steps · blocks · maskedTiles]: the masks of those tiles, as numbers in the schedule's table. */
  readonly masks: Int32Array;
  /**
   * [steps · blocks · 64]: 1 for rows that see a key, 0 for rows that see none. Undefined when all rows see
   * a key.
   */
  readonly visible: Uint8Array | undefined;
}

/** The schedule of one attention call. */
export interface Schedule {
  readonly pools: Readonly<Partial<Record<Projection, KeyPool>>>;
  readonly bins: readonly ScheduledBin[];
  /** [masks · 4096] of 0 and 1: 64 rows of 64 keys for each mask. */
  readonly table: Uint8Array;
  /**
   * [B·H·Nq]: the index of each query row's result in the results of all bins, concatenated. The index
   * after the last result refers to a row of zeros. Undefined when the results are in the order of the rows.
   */
  readonly results: Int32Array | undefined;
}

/** Limits of a schedule. */
export interface ScheduleOptions {
  /** Most row blocks of a step. */
  readonly blocks: number;
  /** Most tiles of a step, unless a single row block has more. It bounds the memory of logits. */
  readonly tiles: number;
  /** Most bins of each projection. */
  readonly bins: number;
  /** Pad every step to exactly `blocks` row blocks, so that one model serves all plans. Default: false. */
  readonly isFixed?: boolean;
  /**
   * Whether a step has one row block of several heads, where it can, so that what is the same for all heads
   * is read once. Default: false, several row blocks of one head.
   */
  readonly sharesPairs?: boolean;
}

/**
 * Limits where all runs share the plan. Four row blocks of nine tiles are 2.4 MB of logits: enough work for a
 * few threads, and still in the second-level cache.
 */
export const STATIC_LIMITS: ScheduleOptions = { blocks: 4, tiles: 512, bins: 64 };

/** Limits of what rarely runs: few bins, which take little of a model and of the time to open it. */
export const CORRECTING_LIMITS: ScheduleOptions = { ...STATIC_LIMITS, bins: 4 };

/** Limits where data decides on the plan, so that one model must serve all plans. */
export const DYNAMIC_LIMITS: ScheduleOptions = { blocks: 4, tiles: Infinity, bins: 4, isFixed: true };

/** A row block of one head: the group of the plan, the head in it, the block, and its number of tiles. */
export interface Item {
  readonly group: number;
  readonly member: number;
  readonly rowBlock: number;
  readonly tiles: number;
}

/** Schedules a plan. */
export function schedulePlan(
  problem: AttentionProblem,
  plan: AttentionPlan,
  options: ScheduleOptions,
): Schedule {
  const { batch, heads, queryLength } = problem;
  const pools = new KeyPools(problem, plan);
  const masks = new MaskTable(plan);
  const bins: ScheduledBin[] = [];
  const results = new Int32Array(batch * heads * queryLength).fill(-1);
  let base = 0;
  for (const projection of ['local', 'global'] as const) {
    const inOrder = itemsOf(plan, projection);
    const items = options.sharesPairs === true ? byRowBlock(inOrder, options.blocks, heads) : inOrder;
    for (const bin of partition(items, options.bins)) {
      const scheduled = scheduleBin({ problem, plan, projection, bin, pools, masks, options });
      bins.push(scheduled);
      for (let i = 0; i < bin.items.length; i++) {
        const { group, rowBlock } = bin.items[i];
        const count = Math.min(TILE, plan.groups[group].block.queryCount - rowBlock * TILE);
        for (let row = 0; row < count; row++) results[scheduled.rows[i * TILE + row]] = base + i * TILE + row;
      }
      base += scheduled.rows.length;
    }
  }
  let inOrder = results.length === base;
  for (let row = 0; row < results.length; row++) {
    if (results[row] !== row) inOrder = false;
    if (results[row] < 0) results[row] = base;
  }
  return { pools: pools.byProjection, bins, table: masks.cells(), results: inOrder ? undefined : results };
}

/** How the row blocks of a bin are distributed over steps, and their tiles over open and masked ones. */
export interface BinShape {
  readonly steps: number;
  /** Row blocks of each step. */
  readonly blocks: number;
  readonly openTiles: number;
  readonly maskedTiles: number;
}

/**
 * The shape of a bin. All row blocks of a bin have equally many masked tiles: as many as the one that masks
 * most. Row blocks with fewer tiles than the bin are padded with masked ones.
 */
export function binShape(
  plan: AttentionPlan,
  { items, tiles }: Bin<Item>,
  options: ScheduleOptions,
): BinShape {
  const most = Math.max(1, Math.min(options.blocks, Math.floor(options.tiles / tiles)));
  const blocks = options.isFixed ? options.blocks : Math.min(most, items.length);
  let maskedTiles = 0;
  for (const item of items) {
    let masked = tiles - item.tiles;
    forEachSpan(plan.groups[item.group].block, item.rowBlock, (_column, count, mask) => {
      if (mask !== undefined) masked += count;
    });
    maskedTiles = Math.max(maskedTiles, masked);
  }
  return { steps: Math.ceil(items.length / blocks), blocks, openTiles: tiles - maskedTiles, maskedTiles };
}

/**
 * All row blocks of a projection that have tiles, head by head, so that consecutive steps share keys in the
 * cache.
 */
export function itemsOf(plan: AttentionPlan, projection: Projection): Item[] {
  const items: Item[] = [];
  plan.groups.forEach((candidate, group) => {
    if (candidate.projection !== projection) return;
    const { block, members } = candidate;
    for (const member of members) {
      for (let rowBlock = 0; rowBlock + 1 < block.rowStart.length; rowBlock++) {
        const tiles = countTiles(block, rowBlock);
        if (tiles > 0) items.push({ group, member, rowBlock, tiles });
      }
    }
  });
  return items;
}

/** The row blocks of a few heads at a time, row block by row block. The heads' keys stay in the cache. */
function byRowBlock(items: readonly Item[], members: number, heads: number): readonly Item[] {
  if (heads % members !== 0) return items;
  const turn = ({ member }: Item): number => Math.floor(member / members);
  return items.toSorted(
    (a, b) => turn(a) - turn(b) || a.group - b.group || a.rowBlock - b.rowBlock || a.member - b.member,
  );
}

/** A bin to schedule, and where its tiles and masks are numbered. */
interface BinContext {
  readonly problem: AttentionProblem;
  readonly plan: AttentionPlan;
  readonly projection: Projection;
  readonly bin: Bin<Item>;
  readonly pools: KeyPools;
  readonly masks: MaskTable;
  readonly options: ScheduleOptions;
}

function scheduleBin({
  problem,
  plan,
  projection,
  bin,
  pools,
  masks: table,
  options,
}: BinContext): ScheduledBin {
  const { heads, queryLength } = problem;
  const { items } = bin;
  const { steps, blocks, openTiles, maskedTiles } = binShape(plan, bin, options);
  const tilesOfItem = items.map((item) => tilesOf(plan.groups[item.group], item.rowBlock));

  const count = steps * blocks;
  const rows = new Int32Array(count * TILE);
  const open = new Int32Array(count * openTiles);
  const masked = new Int32Array(count * maskedTiles);
  const masks = new Int32Array(count * maskedTiles);
  const visible = new Uint8Array(count * TILE).fill(1);
  let hidden = false;
  for (let i = 0; i < count; i++) {
    // The last step is filled with copies of the last row block. The results of the copies are unused.
    const at = Math.min(i, items.length - 1);
    const { group, member, rowBlock } = items[at];
    const { block } = plan.groups[group];
    const first = rowBlock * TILE;
    const present = Math.min(TILE, block.queryCount - first);
    for (let row = 0; row < TILE; row++) {
      const virtual = first + (row < present ? row : 0);
      rows[i * TILE + row] = member * queryLength + (block.queryIndex?.[virtual] ?? virtual);
    }
    const tile = pools.tileOf(group, Math.floor(member / heads), member % heads);
    const tiles = tilesOfItem[at];
    tiles.open.slice(0, openTiles).forEach((column, t) => (open[i * openTiles + t] = tile(column)));
    const rest = [
      ...tiles.open.slice(openTiles).map((column) => ({ column, mask: HIDE_NOTHING })),
      ...tiles.masked.map(({ column, mask }) => ({ column, mask: table.add(group, mask) })),
    ];
    for (let t = 0; t < maskedTiles; t++) {
      const entry = rest.at(t) ?? { column: 0, mask: HIDE_ALL };
      masked[i * maskedTiles + t] = tile(entry.column);
      masks[i * maskedTiles + t] = entry.mask;
    }
    if (tiles.open.length > 0) continue;
    for (let row = 0; row < present; row++) {
      const seesKey = tiles.masked.some(({ mask }) => {
        const word = mask * MASK_WORDS + 2 * row;
        return (block.masks[word] | block.masks[word + 1]) !== 0;
      });
      if (seesKey) continue;
      visible[i * TILE + row] = 0;
      hidden = true;
    }
    // Repeated rows have no keys of their own: their masks hide what the first row sees.
    if (present < TILE) {
      visible.fill(0, i * TILE + present, (i + 1) * TILE);
      hidden = true;
    }
  }
  return {
    projection,
    steps,
    blocks,
    rows,
    open,
    openTiles,
    masked,
    maskedTiles,
    masks,
    visible: hidden ? visible : undefined,
  };
}

/** The tile columns of a row block: those without a mask, and those with. */
interface RowBlockTiles {
  readonly open: number[];
  readonly masked: { readonly column: number; readonly mask: number }[];
}

function tilesOf({ block }: PlanGroup, rowBlock: number): RowBlockTiles {
  const tiles: RowBlockTiles = { open: [], masked: [] };
  forEachTile(block, rowBlock, (column, mask) => {
    if (mask === undefined) tiles.open.push(column);
    else tiles.masked.push({ column, mask });
  });
  return tiles;
}
