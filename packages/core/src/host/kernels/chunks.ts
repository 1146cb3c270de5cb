/**
 * Long loops in short pieces, between which other work of the process gets its turn and an abort is noticed.
 */
import type { Pause } from '../../async/pause.ts';

/** Elements of one piece: about a millisecond. */
const CHUNK = 1 << 16;

/**
 * Calls `work(from, to)` for consecutive ranges of `total` items of `size` elements each, pausing between
 * them.
 */
export async function inChunks(
  total: number,
  size: number,
  pause: Pause,
  work: (from: number, to: number) => void,
): Promise<void> {
  const step = Math.max(1, Math.floor(CHUNK / Math.max(1, size)));
  for (let from = 0; from < total; from += step) {
    work(from, Math.min(total, from + step));
    const pausing = pause();
    if (pausing) await pausing;
  }
}

/**
 * Calls `work(row, from, to)` for the columns from … to of each of `rows` rows of `length` elements, in
 * order, pausing now and then. A row that is longer than a piece comes in several; each row's first part
 * begins at column 0.
 */
export function rowsInChunks(
  rows: number,
  length: number,
  pause: Pause,
  work: (row: number, from: number, to: number) => void,
): Promise<void> {
  return inChunks(rows * length, 1, pause, (start, end) => {
    let row = Math.floor(start / length);
    let from = start - row * length;
    for (let left = end - start; left > 0; row++) {
      const to = Math.min(length, from + left);
      work(row, from, to);
      left -= to - from;
      from = 0;
    }
  });
}
