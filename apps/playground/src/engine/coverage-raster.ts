/**
 * Which pixels a pattern covers. Whole rectangles are asked about at once and halved where the answer is
 * mixed, so that a picture of a million tokens takes as long as one of a thousand.
 */
import type { Pattern } from '@attn/core';
import { PIXEL } from './pixel.ts';

/** Pixels of at most so many pairs are looked at pair by pair. */
const FEW_PAIRS = 64;

/** The pixels between edges: pixel i covers the positions from `rows[i]` to before `rows[i + 1]`. */
export function coverageRaster(
  pattern: Pattern,
  head: number,
  rows: Int32Array,
  columns: Int32Array,
): Uint8Array<ArrayBuffer> {
  const width = columns.length - 1;
  const height = rows.length - 1;
  const pixels = new Uint8Array(width * height);
  const ask = (r0: number, r1: number, c0: number, c1: number) =>
    pattern.classify(
      0,
      head,
      { start: rows[r0], step: 1, count: rows[r1] - rows[r0] },
      { start: columns[c0], step: 1, count: columns[c1] - columns[c0] },
    );
  const set = (r0: number, r1: number, c0: number, c1: number, value: number): void => {
    for (let r = r0; r < r1; r++) pixels.fill(value, r * width + c0, r * width + c1);
  };
  const fill = (r0: number, r1: number, c0: number, c1: number): void => {
    const answer = ask(r0, r1, c0, c1);
    if (answer === 'none') return;
    if (answer === 'all') return set(r0, r1, c0, c1, PIXEL.all);
    if (r1 - r0 === 1 && c1 - c0 === 1) {
      pixels[r0 * width + c0] = lookCloser(pattern, head, rows, columns, r0, c0);
      return;
    }
    const r = r1 - r0 > 1 ? (r0 + r1) >> 1 : r1;
    const c = c1 - c0 > 1 ? (c0 + c1) >> 1 : c1;
    fill(r0, r, c0, c);
    if (c < c1) fill(r0, r, c, c1);
    if (r < r1) fill(r, r1, c0, c);
    if (r < r1 && c < c1) fill(r, r1, c, c1);
  };
  if (width > 0 && height > 0) fill(0, height, 0, width);
  return pixels;
}

/** A mixed pixel: `some`, unless all of its few pairs agree. */
function lookCloser(
  pattern: Pattern,
  head: number,
  rows: Int32Array,
  columns: Int32Array,
  row: number,
  column: number,
): number {
  const pairs = (rows[row + 1] - rows[row]) * (columns[column + 1] - columns[column]);
  if (pairs > FEW_PAIRS) return PIXEL.some;
  let allowed = 0;
  for (let q = rows[row]; q < rows[row + 1]; q++)
    for (let k = columns[column]; k < columns[column + 1]; k++) if (pattern.allows(0, head, q, k)) allowed++;
  return allowed === 0 ? 0 : allowed === pairs ? PIXEL.all : PIXEL.some;
}
