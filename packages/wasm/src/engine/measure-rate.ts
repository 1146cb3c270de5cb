/** How fast this machine is: a few milliseconds of real products, which also make the engine optimise their kernel. */
import { TILE, workClock } from '@attn/core';
import { gemmModule, GEMM_SCRATCH_BYTES, PRODUCT, PRODUCT_BYTES, ROWS } from '../kernels/gemm.ts';
import { Records } from '../kernels/records.ts';
import type { Engine } from './engine.ts';

/** Milliseconds of a measurement, and when it is given up. */
const SAMPLE_MS = 1;
const LONGEST_MS = 60;
/** The rate is found when this many samples in a row were no better: the engine has finished optimising. */
const PATIENCE = 5;

/** Operations per millisecond of one thread: products of 48 × 64 × 64 again and again. */
export function measureRate(engine: Engine): number {
  const { heap } = engine;
  const floats = heap.allocate(4 * 3 * TILE * TILE);
  const scratch = heap.allocate(GEMM_SCRATCH_BYTES);
  heap.f32(floats, 3 * TILE * TILE).fill(0.5);
  const record = new Records(PRODUCT, PRODUCT_BYTES, 1);
  const [a, b, c] = [0, 1, 2].map((index) => floats + 4 * index * TILE * TILE);
  const sizes = { rows: ROWS, columns: TILE, depth: TILE };
  record.set(0, { a, aRowStride: 4 * TILE, aDepthStride: 4, b, c, cStride: 4 * TILE, ...sizes });
  const task = heap.allocate(PRODUCT_BYTES);
  heap.i32(task, record.words.length).set(record.words);
  try {
    const module = engine.load('gemm ', (options) => gemmModule({ ...options, activation: undefined }));
    const kernel = module.kernel('multiply', heap);
    const start = workClock();
    let best = 0;
    for (let since = 0, now = start; since < PATIENCE && now - start < LONGEST_MS; since++) {
      const from = now;
      let runs = 0;
      for (; now - from < SAMPLE_MS; runs++) {
        for (let i = 0; i < 8; i++) kernel(task, scratch);
        now = workClock();
      }
      const rate = (runs * 8 * 2 * ROWS * TILE * TILE) / (now - from);
      if (rate > 1.05 * best) since = 0;
      best = Math.max(best, rate);
    }
    return best;
  } finally {
    for (const address of [floats, scratch, task]) heap.free(address);
  }
}
