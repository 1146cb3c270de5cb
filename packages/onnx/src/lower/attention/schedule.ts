/**
 * A block plan as the steps of ONNX `Scan`s. The row blocks of all heads are sorted into classes of equal numbers of tiles, so
 * that each class is a batch of equal products and the cost follows the pattern; a scan walks over a class a few row blocks at a
 * time, so that memory does not grow with it. Everything is numbered across batch and heads: query rows in [B·H·Nq], key tiles in
 * a pool that holds each head's keys in its plan's order, padded to whole tiles.
 */
import { type AttentionPlan } from '@attn/core';
import {
  countTiles,
  forEachSpan,
  forEachTile,
  kvHeadOf,
  MASK_WORDS,
  maskAllows,
  TILE,
  type AttentionProblem,
  type PlanGroup,
} from '@attn/core/backend';
import { partition } from './partition.ts';

/** Which operands rows use: q, k, v, or qGlobal, kGlobal, vGlobal. */
export type Projection = PlanGroup['projection'];

/** The keys and values of all heads, as tiles. */
export interface KeyPool {
  /** [64 · tiles]: rows in [B·Hkv·Nk], or undefined where tiles are just the rows one after another. */
  readonly rows: Int32Array | undefined;
  readonly tiles: number;
}

/** Row blocks with the same number of tiles. */
export interface ScheduledClass {
  readonly projection: Projection;
  readonly steps: number;
  /** Row blocks of each step. */
  readonly blocks: number;
  /** [steps · blocks · 64]: query rows in [B·H·Nq]. Absent ones repeat the first of their block, and nobody reads their results. */
  readonly rows: Int32Array;
  /** [steps · blocks · openTiles]: tiles of the pool that need no mask. */
  readonly open: Int32Array;
  readonly openTiles: number;
  /** [steps · blocks · maskedTiles]: tiles of the pool that need one. */
  readonly masked: Int32Array;
  readonly maskedTiles: number;
  /** [steps · blocks · maskedTiles]: their masks in the schedule's table. */
  readonly masks: Int32Array;
  /** Rows that see no key at all, as [steps · blocks · 64] of 0 and 1 for those that do; undefined when all rows see some. */
  readonly visible: Uint8Array | undefined;
}

/** All of a call. */
export interface Schedule {
  readonly pools: Readonly<Partial<Record<Projection, KeyPool>>>;
  readonly classes: readonly ScheduledClass[];
  /** [masks · 4096] of 0 and 1: 64 rows of 64 keys. */
  readonly table: Uint8Array;
  /**
   * [B·H·Nq]: where the result of each query row stands among those of all classes one after another; one behind the last is a
   * row of zeros. Undefined when they stand there in order.
   */
  readonly results: Int32Array | undefined;
}

/** How to schedule. */
export interface ScheduleOptions {
  /** Row blocks of a step, at most. */
  readonly blocks: number;
  /** Tiles of a step, at most, unless one row block has more: what bounds the memory of logits. */
  readonly tiles: number;
  /** Classes of each projection, at most. */
  readonly classes: number;
  /** Pad every step with row blocks, so that `blocks` holds whatever the plan. */
  readonly isFixed?: boolean;
}

/** Four row blocks of nine tiles are 2.4 MB of logits: enough work for a few threads, and still in the second cache. */
export const STATIC: ScheduleOptions = { blocks: 4, tiles: 512, classes: 64 };

/** The same where data decides on the plan: the model must be right for all plans. */
export const DYNAMIC: ScheduleOptions = { blocks: 4, tiles: Infinity, classes: 4, isFixed: true };

/** The first masks of the table: nothing hidden, all hidden. */
const NOTHING = 0;
const EVERYTHING = 1;

/** A row block of one head. */
export interface Item {
  readonly group: number;
  readonly member: number;
  readonly rowBlock: number;
  readonly tiles: number;
}

/** Schedules a plan. */
export function schedule(problem: AttentionProblem, plan: AttentionPlan, options: ScheduleOptions): Schedule {
  const { batch, heads, queryLength } = problem;
  const pools = new Pools(problem, plan);
  const masks = new MaskTable(plan);
  const classes: ScheduledClass[] = [];
  const results = new Int32Array(batch * heads * queryLength).fill(-1);
  let base = 0;
  for (const projection of ['local', 'global'] as const) {
    const items = itemsOf(plan, projection);
    for (const { items: members, tiles } of partition(items, options.classes)) {
      const made = makeClass(problem, plan, projection, members, tiles, pools, masks, options);
      classes.push(made);
      for (let i = 0; i < members.length; i++) {
        const { group, rowBlock } = members[i];
        const count = Math.min(TILE, plan.groups[group].block.queryCount - rowBlock * TILE);
        for (let row = 0; row < count; row++) results[made.rows[i * TILE + row]] = base + i * TILE + row;
      }
      base += made.rows.length;
    }
  }
  let inOrder = results.length === base;
  for (let row = 0; row < results.length; row++) {
    if (results[row] !== row) inOrder = false;
    if (results[row] < 0) results[row] = base;
  }
  return { pools: pools.all, classes, table: masks.table(), results: inOrder ? undefined : results };
}

/** How the row blocks of a class are computed. */
export interface ClassShape {
  readonly steps: number;
  /** Row blocks of each step. */
  readonly blocks: number;
  readonly openTiles: number;
  readonly maskedTiles: number;
}

/**
 * The shape of a class of row blocks of at most `tiles` tiles. What one of them has to mask, another has to as well; those with
 * fewer tiles mask some that they do not have.
 */
export function shapeOfClass(
  plan: AttentionPlan,
  items: readonly Item[],
  tiles: number,
  options: ScheduleOptions,
): ClassShape {
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

/** All row blocks that have tiles, head by head, so that steps next to each other share keys in the cache. */
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

function makeClass(
  { heads, queryLength }: AttentionProblem,
  plan: AttentionPlan,
  projection: Projection,
  items: readonly Item[],
  tiles: number,
  pools: Pools,
  table: MaskTable,
  options: ScheduleOptions,
): ScheduledClass {
  const { steps, blocks, openTiles, maskedTiles } = shapeOfClass(plan, items, tiles, options);
  const listed = items.map((item) => tilesOf(plan.groups[item.group], item.rowBlock));

  const count = steps * blocks;
  const rows = new Int32Array(count * TILE);
  const open = new Int32Array(count * openTiles);
  const masked = new Int32Array(count * maskedTiles);
  const masks = new Int32Array(count * maskedTiles);
  const visible = new Uint8Array(count * TILE).fill(1);
  let hidden = false;
  for (let i = 0; i < count; i++) {
    // The last step is filled up with its last row block, whose results nobody reads twice.
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
    const mine = listed[at];
    mine.open.slice(0, openTiles).forEach((column, t) => (open[i * openTiles + t] = tile(column)));
    const rest = [
      ...mine.open.slice(openTiles).map((column) => ({ column, mask: NOTHING })),
      ...mine.masked.map(({ column, mask }) => ({ column, mask: table.id(group, mask) })),
    ];
    for (let t = 0; t < maskedTiles; t++) {
      const entry = rest.at(t) ?? { column: 0, mask: EVERYTHING };
      masked[i * maskedTiles + t] = tile(entry.column);
      masks[i * maskedTiles + t] = entry.mask;
    }
    if (mine.open.length > 0) continue;
    for (let row = 0; row < present; row++) {
      const sees = mine.masked.some(({ mask }) => {
        const word = mask * MASK_WORDS + 2 * row;
        return (block.masks[word] | block.masks[word + 1]) !== 0;
      });
      if (sees) continue;
      visible[i * TILE + row] = 0;
      hidden = true;
    }
    // Absent rows repeat the first one: what it sees is hidden from them by their masks.
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

interface RowBlockTiles {
  readonly open: number[];
  readonly masked: { readonly column: number; readonly mask: number }[];
}

/** The tile columns of a row block. */
function tilesOf({ block }: PlanGroup, rowBlock: number): RowBlockTiles {
  const tiles: RowBlockTiles = { open: [], masked: [] };
  forEachTile(block, rowBlock, (column, mask) => {
    if (mask === undefined) tiles.open.push(column);
    else tiles.masked.push({ column, mask });
  });
  return tiles;
}

/** The key pools of both projections. Groups whose keys stand in the same order share theirs. */
class Pools {
  readonly all: Partial<Record<Projection, KeyPool>> = {};
  private readonly problem: AttentionProblem;
  private readonly firstTile = new Map<string, number>();
  private readonly orders: number[] = [];

  constructor(problem: AttentionProblem, plan: AttentionPlan) {
    this.problem = problem;
    const { batch, kvHeads, heads, keyLength } = problem;
    const orders: PlanGroup[] = [];
    for (const group of plan.groups) {
      const known = orders.findIndex((other) => sameOrder(other, group));
      this.orders.push(known < 0 ? orders.push(group) - 1 : known);
    }
    for (const projection of ['local', 'global'] as const) {
      const groups = plan.groups.filter((group) => group.projection === projection);
      if (groups.length === 0) continue;
      const isPlain = ({ block }: PlanGroup): boolean =>
        block.keyIndex === undefined && block.keyCount === keyLength && keyLength % TILE === 0;
      if (groups.every(isPlain)) {
        const tilesOfHead = keyLength / TILE;
        plan.groups.forEach((group, index) => {
          if (group.projection !== projection) return;
          for (let head = 0; head < batch * kvHeads; head++) {
            this.firstTile.set(`${this.orders[index]} ${head}`, head * tilesOfHead);
          }
        });
        this.all[projection] = { rows: undefined, tiles: batch * kvHeads * tilesOfHead };
        continue;
      }
      const parts: Int32Array[] = [];
      let tiles = 0;
      plan.groups.forEach(({ projection: other, block, members }, index) => {
        if (other !== projection) return;
        const columns = Math.ceil(block.keyCount / TILE);
        for (const member of members) {
          const head = this.kvHead(Math.floor(member / heads), member % heads);
          const key = `${this.orders[index]} ${head}`;
          if (this.firstTile.has(key)) continue;
          this.firstTile.set(key, tiles);
          const rows = new Int32Array(columns * TILE).fill(head * keyLength);
          for (let i = 0; i < block.keyCount; i++) rows[i] = head * keyLength + (block.keyIndex?.[i] ?? i);
          parts.push(rows);
          tiles += columns;
        }
      });
      const rows = new Int32Array(tiles * TILE);
      let at = 0;
      for (const part of parts) {
        rows.set(part, at);
        at += part.length;
      }
      this.all[projection] = { rows, tiles };
    }
  }

  /** Where the tile columns of a group's head stand in its pool. */
  tileOf(group: number, batchRow: number, head: number): (column: number) => number {
    const first = this.firstTile.get(`${this.orders[group]} ${this.kvHead(batchRow, head)}`) ?? 0;
    return (column) => first + column;
  }

  /** Counted across the batch. */
  private kvHead(batchRow: number, head: number): number {
    return batchRow * this.problem.kvHeads + kvHeadOf(this.problem, head);
  }
}

/** Whether two groups read the same keys in the same order. Projections have pools of their own, and so orders of their own. */
function sameOrder(a: PlanGroup, b: PlanGroup): boolean {
  const [x, y] = [a.block.keyIndex, b.block.keyIndex];
  if (a.projection !== b.projection || a.block.keyCount !== b.block.keyCount) return false;
  if (x === undefined || y === undefined) return x === y;
  return x.every((key, index) => key === y[index]);
}

/** The masks of all groups in one table. */
class MaskTable {
  private readonly plan: AttentionPlan;
  private readonly ids = new Map<string, number>();
  private readonly list: { readonly group: number; readonly mask: number }[] = [];

  constructor(plan: AttentionPlan) {
    this.plan = plan;
  }

  id(group: number, mask: number): number {
    const key = `${group} ${mask}`;
    const known = this.ids.get(key) ?? EVERYTHING + this.list.push({ group, mask });
    this.ids.set(key, known);
    return known;
  }

  table(): Uint8Array {
    const cells = TILE * TILE;
    const table = new Uint8Array((this.list.length + 2) * cells);
    table.fill(1, NOTHING * cells, (NOTHING + 1) * cells);
    this.list.forEach(({ group, mask }, index) => {
      const { masks } = this.plan.groups[group].block;
      const at = (index + 2) * cells;
      for (let row = 0; row < TILE; row++) {
        for (let column = 0; column < TILE; column++) {
          if (maskAllows(masks, mask, row, column)) table[at + row * TILE + column] = 1;
        }
      }
    });
    return table;
  }
}
