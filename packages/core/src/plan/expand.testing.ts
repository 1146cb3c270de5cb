/** Expands a plan to a matrix: how often each query–key pair is computed and allowed. For tests. */
import type { AttentionPlan, BlockTiles } from './block-plan.ts';
import { TILE } from './block-plan.ts';
import { maskAllows } from './tile-mask.ts';
import { forEachTile } from './walk.ts';

/** How often each (query row, key row) of a batch row and head is computed as allowed: never or once. */
export function expandPlan(
  plan: AttentionPlan,
  member: number,
  queryLength: number,
  keyLength: number,
): Uint8Array {
  const counts = new Uint8Array(queryLength * keyLength);
  for (const { block, members } of plan.groups) {
    if (members.includes(member)) expandBlock(block, keyLength, counts);
  }
  return counts;
}

/** Adds to `counts` [queries × keys] how often a block's tiles allow each pair. */
export function expandBlock(block: BlockTiles, keyLength: number, counts: Uint8Array): void {
  const { rowStart, masks, queryIndex, keyIndex, queryCount, keyCount } = block;
  for (let rowBlock = 0; rowBlock + 1 < rowStart.length; rowBlock++) {
    forEachTile(block, rowBlock, (column, mask) => {
      const from = column * TILE;
      for (let place = rowBlock * TILE; place < Math.min(queryCount, rowBlock * TILE + TILE); place++) {
        for (let at = from; at < from + TILE; at++) {
          const visible = mask === undefined || maskAllows(masks, mask, place % TILE, at % TILE);
          if (!visible) continue;
          if (at >= keyCount) throw new Error(`a plan allows the absent key place ${at} of ${keyCount}`);
          const row = queryIndex === undefined ? place : queryIndex[place];
          const key = keyIndex === undefined ? at : keyIndex[at];
          counts[row * keyLength + key] += 1;
        }
      }
    });
  }
}
