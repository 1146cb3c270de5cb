/**
 * The keys and values of all heads as pools of tiles, one pool for each projection. Groups of the plan whose
 * keys are in the same order share their tiles.
 */
import type { AttentionPlan } from '@attn/core';
import { kvHeadOf, TILE, type AttentionProblem, type PlanGroup } from '@attn/core/backend';

/** The operands that rows use: q, k, v, or qGlobal, kGlobal, vGlobal. */
export type Projection = PlanGroup['projection'];

const PROJECTIONS = ['local', 'global'] as const;

/** The keys, or values, of one projection as tiles of 64 rows. */
export interface KeyPool {
  /** [64 · tiles]: rows in [B·Hkv·Nk], or undefined where tiles are consecutive rows. */
  readonly rows: Int32Array | undefined;
  readonly tiles: number;
  /**
   * [tiles]: how many keys a tile has. Tiles with fewer than 64 are filled up with rows that nobody sees.
   */
  readonly keyCounts: Uint8Array;
}

/** The pools of a plan, and where the tiles of each head are in them. */
export class KeyPools {
  /** The pool of each projection that the plan uses. */
  readonly byProjection: Partial<Record<Projection, KeyPool>> = {};
  private readonly problem: AttentionProblem;
  /** The first tile of each order of keys and head. */
  private readonly firstTile = new Map<string, number>();
  /** For each group of the plan, the number of its order of keys. Equal orders have equal numbers. */
  private readonly orderOf: number[] = [];

  constructor(problem: AttentionProblem, plan: AttentionPlan) {
    this.problem = problem;
    const { batch, kvHeads, heads, keyLength } = problem;
    const orders: PlanGroup[] = [];
    for (const group of plan.groups) {
      const index = orders.findIndex((other) => haveSameOrder(other, group));
      this.orderOf.push(index < 0 ? orders.push(group) - 1 : index);
    }
    for (const projection of PROJECTIONS) {
      const groups = plan.groups.filter((group) => group.projection === projection);
      if (groups.length === 0) continue;
      const isPlain = ({ block }: PlanGroup): boolean =>
        block.keyIndex === undefined && block.keyCount === keyLength && keyLength % TILE === 0;
      if (groups.every(isPlain)) {
        const tilesOfHead = keyLength / TILE;
        plan.groups.forEach((group, index) => {
          if (group.projection !== projection) return;
          for (let head = 0; head < batch * kvHeads; head++) {
            this.firstTile.set(`${this.orderOf[index]} ${head}`, head * tilesOfHead);
          }
        });
        const count = batch * kvHeads * tilesOfHead;
        const keyCounts = new Uint8Array(count).fill(TILE);
        this.byProjection[projection] = { rows: undefined, tiles: count, keyCounts };
        continue;
      }
      const parts: Int32Array[] = [];
      const keyCounts: number[] = [];
      let tiles = 0;
      plan.groups.forEach(({ projection: other, block, members }, index) => {
        if (other !== projection) return;
        const columns = Math.ceil(block.keyCount / TILE);
        for (const member of members) {
          const head = this.kvHead(Math.floor(member / heads), member % heads);
          const key = `${this.orderOf[index]} ${head}`;
          if (this.firstTile.has(key)) continue;
          this.firstTile.set(key, tiles);
          const rows = new Int32Array(columns * TILE).fill(head * keyLength);
          for (let i = 0; i < block.keyCount; i++) rows[i] = head * keyLength + (block.keyIndex?.[i] ?? i);
          parts.push(rows);
          for (let column = 0; column < columns; column++)
            keyCounts.push(Math.min(TILE, block.keyCount - column * TILE));
          tiles += columns;
        }
      });
      const rows = new Int32Array(tiles * TILE);
      let at = 0;
      for (const part of parts) {
        rows.set(part, at);
        at += part.length;
      }
      this.byProjection[projection] = { rows, tiles, keyCounts: Uint8Array.from(keyCounts) };
    }
  }

  /** Returns a function from the tile columns of a head in a group to tiles of the pool. */
  tileOf(group: number, batchRow: number, head: number): (column: number) => number {
    const first = this.firstTile.get(`${this.orderOf[group]} ${this.kvHead(batchRow, head)}`) ?? 0;
    return (column) => first + column;
  }

  /** The number of a key/value head, counted across the batch. */
  private kvHead(batchRow: number, head: number): number {
    return batchRow * this.problem.kvHeads + kvHeadOf(this.problem, head);
  }
}

/** Whether two groups read the same keys in the same order. Groups of different projections never do. */
function haveSameOrder(a: PlanGroup, b: PlanGroup): boolean {
  const [x, y] = [a.block.keyIndex, b.block.keyIndex];
  if (a.projection !== b.projection || a.block.keyCount !== b.block.keyCount) return false;
  if (x === undefined || y === undefined) return x === y;
  return x.every((key, index) => key === y[index]);
}
