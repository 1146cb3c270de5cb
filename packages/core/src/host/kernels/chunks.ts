/** Cuts long loops into short pieces, between which other work of the process runs and an abort arrives. */
import type { Pause } from '../../async/pause.ts';

/** Elements of a piece: about a millisecond of work. */
const CHUNK = 1 << 16;

/** Calls `work(from, to)` for consecutive ranges of `total` items of `size` elements, and pauses between. */
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
 * Calls `work(row, from, to)` for the columns from … to (exclusive) of `rows` rows of `length` elements, in
 * order, and pauses now and then. A long row comes in several parts; the first begins at column 0.
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
    for (let remaining = end - start; remaining > 0; row++) {
      const to = Math.min(length, from + remaining);
      work(row, from, to);
      remaining -= to - from;
      from = 0;
    }
  });
}
