/** The masks of all groups of a plan in one table, which the steps of scans gather from. */
import type { AttentionPlan } from '@attn/core';
import { maskAllows, TILE } from '@attn/core/backend';

/** The table's first mask, which hides nothing. */
export const HIDE_NOTHING = 0;

/** The table's second mask, which hides everything. */
export const HIDE_ALL = 1;

/** The masks in use, each under a number. */
export class MaskTable {
  private readonly plan: AttentionPlan;
  private readonly ids = new Map<string, number>();
  private readonly list: { readonly group: number; readonly mask: number }[] = [];

  constructor(plan: AttentionPlan) {
    this.plan = plan;
  }

  /** The number of a group's mask in the table. A new mask is added. */
  add(group: number, mask: number): number {
    const key = `${group} ${mask}`;
    const id = this.ids.get(key) ?? HIDE_ALL + this.list.push({ group, mask });
    this.ids.set(key, id);
    return id;
  }

  /** [masks · 4096] of 0 and 1: 64 rows of 64 keys for each mask. */
  cells(): Uint8Array {
    const cells = TILE * TILE;
    const table = new Uint8Array((this.list.length + 2) * cells);
    table.fill(1, HIDE_NOTHING * cells, (HIDE_NOTHING + 1) * cells);
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
