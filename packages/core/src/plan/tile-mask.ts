/**
 * The bit mask of one 64×64 tile, filled by halving: cells are only evaluated where an 8×8 corner is mixed.
 */
import type { PatternOverRows } from '../patterns/pattern.ts';
import { MASK_WORDS } from './block-plan.ts';

/** Sides of this length or less are evaluated cell by cell. */
const CELLS = 8;

/** The mask of the tile of `rows` × `columns` (at most 64) whose first pair stands at the places q, k. */
export function fillTileMask(
  over: PatternOverRows,
  q: number,
  rows: number,
  k: number,
  columns: number,
): Uint32Array {
  const mask = new Uint32Array(MASK_WORDS);
  const fill = (r0: number, r1: number, c0: number, c1: number): void => {
    if (r1 - r0 <= CELLS && c1 - c0 <= CELLS) {
      for (let r = r0; r < r1; r++) {
        for (let c = c0; c < c1; c++) {
          if (over.allows(q + r, k + c)) mask[2 * r + (c >>> 5)] |= 1 << (c & 31);
        }
      }
      return;
    }
    const answer = over.classify(q + r0, q + r1, k + c0, k + c1);
    if (answer === 'none') return;
    if (answer === 'all') {
      setRectangle(mask, r0, r1, c0, c1);
      return;
    }
    const rMid = middle(r0, r1);
    const cMid = middle(c0, c1);
    fill(r0, rMid, c0, cMid);
    if (cMid < c1) fill(r0, rMid, cMid, c1);
    if (rMid < r1) fill(rMid, r1, c0, cMid);
    if (rMid < r1 && cMid < c1) fill(rMid, r1, cMid, c1);
  };
  if (rows > 0 && columns > 0) fill(0, rows, 0, columns);
  return mask;
}

/** Where a side is halved: at a multiple of 8, or at its end where it is as short as that. */
function middle(from: number, to: number): number {
  return to - from <= CELLS ? to : from + Math.ceil((to - from) / (2 * CELLS)) * CELLS;
}

/** The mask of a tile whose present rows and columns are all allowed. */
export function rectangleMask(rows: number, columns: number): Uint32Array {
  const mask = new Uint32Array(MASK_WORDS);
  setRectangle(mask, 0, rows, 0, columns);
  return mask;
}

/** Whether a mask allows the pair (row, column) of its tile. `mask` is an index into `masks`. */
export function maskAllows(masks: Uint32Array, mask: number, row: number, column: number): boolean {
  return ((masks[mask * MASK_WORDS + 2 * row + (column >>> 5)] >>> (column & 31)) & 1) === 1;
}

function setRectangle(mask: Uint32Array, r0: number, r1: number, c0: number, c1: number): void {
  const low = bitsBetween(Math.min(c0, 32), Math.min(c1, 32));
  const high = bitsBetween(Math.max(c0, 32) - 32, Math.max(c1, 32) - 32);
  for (let r = r0; r < r1; r++) {
    mask[2 * r] |= low;
    mask[2 * r + 1] |= high;
  }
}

/** A word whose bits from … to (exclusive) are set; 0 ≤ from, to ≤ 32. */
function bitsBetween(from: number, to: number): number {
  if (from >= to) return 0;
  const upTo = to === 32 ? 0xffffffff : (1 << to) - 1;
  return (upTo & ~((1 << from) - 1)) >>> 0;
}

/** Number of set bits of a mask. */
export function countBits(mask: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < mask.length; i++) {
    let word = mask[i];
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
