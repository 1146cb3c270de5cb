/** Long loops in short pieces, between which other work of the process gets its turn. */
import type { Pause } from '@attn/core';

/** Elements of one piece: about a millisecond. */
const CHUNK = 1 << 16;

/** Calls `work(from, to)` for consecutive ranges of `total` items of `size` elements each, pausing between them. */
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
