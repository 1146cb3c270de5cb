/**
 * Measures how fast this machine is, by some milliseconds of real products, which also make the engine
 * optimise their kernel:
 *
 * - one thread;
 * - all threads together, which may be far from their number (two to a core, or more threads than cores);
 * - how long it takes until all threads are at work;
 * - how long copies into the heap take.
 */
import { AttnError } from '@attn/core';
import { clock, createPause, leastTime, repeatFor, show, TILE, workClock } from '@attn/core/backend';
import { gemmModule, GEMM_SCRATCH_BYTES, PRODUCT, PRODUCT_BYTES, ROWS } from '../kernels/gemm.ts';
import { Records } from '../kernels/records.ts';
import type { Engine } from './engine.ts';
import { parseSpeed, type EngineSpeed } from './speed.ts';

/** Milliseconds of work in a sample of one thread. */
const SAMPLE_MS = 1;

/** Sampling ends after this many samples in a row that were no better. */
const PATIENCE = 5;

/** Milliseconds that the engine has to optimise the code before sampling may end. */
const OPTIMISING_MS = 40;

/** The largest number of samples: on a clock that moves they take longer than `OPTIMISING_MS`. */
const MAX_SAMPLES = 200;

/** Depth of the products that threads share: a task then takes as long as a row block of attention. */
const DEPTH = 8 * TILE;

/** Tasks per thread in the long job; in the short job there is one. */
const LONG_TASKS = 6;

/** Rounds of jobs: many, because anything may disturb threads that have to meet. */
const ROUNDS = 24;

/** Milliseconds that helpers have to start. */
const START_MS = 500;

/** Numbers in a copy: more than the caches of a core hold. */
const COPY_LENGTH = 2 ** 19;

/**
 * Measures the speed of an engine. Call it within `engine.inTurn`. Errors: `OUT_OF_MEMORY`, `WORKER_DIED`,
 * `INTERNAL` where the clock does not move.
 */
export async function measureSpeed(engine: Engine): Promise<EngineSpeed> {
  const speed = await measure(engine);
  if (parseSpeed({ ...speed }) !== undefined) return speed;
  throw new AttnError('INTERNAL', 'wasm/calibrate', `expected a plausible speed, got ${show(speed)}`);
}

async function measure(engine: Engine): Promise<EngineSpeed> {
  const { heap, threads } = engine;
  const copyNs = await measureCopy(engine);
  const sizes = [ROWS * DEPTH, TILE * DEPTH, threads * ROWS * TILE];
  const [a, b, c] = sizes.map((size) => heap.allocate(4 * size));
  const scratch = heap.allocate(GEMM_SCRATCH_BYTES);
  const taskList = heap.allocate(LONG_TASKS * threads * PRODUCT_BYTES);
  try {
    const module = engine.load('gemm ', (options) => gemmModule({ ...options, activation: undefined }));
    heap.f32(a, sizes[0]).fill(0.5);
    heap.f32(b, sizes[1]).fill(0.5);
    const records = new Records(PRODUCT, PRODUCT_BYTES, LONG_TASKS * threads);
    const product = {
      a,
      aRowStride: 4 * DEPTH,
      aDepthStride: 4,
      b,
      cStride: 4 * TILE,
      rows: ROWS,
      columns: TILE,
    };
    const write = (depth: number): void => {
      for (let task = 0; task < records.count; task++) {
        records.set(task, { ...product, c: c + 4 * ROWS * TILE * (task % threads), depth });
      }
      heap.i32(taskList, records.words.length).set(records.words);
    };
    write(TILE);
    const kernel = module.kernel('multiply', heap);
    const rate = measureRate(() => kernel(taskList, scratch));
    if (threads === 1 || !engine.sharedMemory) return { rate, copyNs, gain: 1, wakingMs: 0 };

    write(DEPTH);
    await engine.helpersReady(START_MS);
    const pause = createPause(undefined, 'wasm/calibrate');
    const job = {
      module,
      kernel: 'multiply',
      tasks: taskList,
      taskBytes: PRODUCT_BYTES,
      scratchBytes: GEMM_SCRATCH_BYTES,
      flops: Infinity,
    };
    const counts = [1, threads, LONG_TASKS * threads];
    const [single, short, long] = await leastTimes(counts, (count) => engine.run({ ...job, count }, pause));
    const sharedTaskMs = (long - short) / ((LONG_TASKS - 1) * threads);
    const gain = Math.min(threads, Math.max(1, single / sharedTaskMs));
    return { rate, copyNs, gain, wakingMs: Math.max(0, short - (threads * single) / gain) };
  } finally {
    for (const address of [a, b, c, scratch, taskList]) heap.free(address);
  }
}

/** The least milliseconds of each job. Jobs take turns, so that other work of the machine hits them alike. */
async function leastTimes(
  counts: readonly number[],
  run: (count: number) => Promise<void>,
): Promise<number[]> {
  const least = counts.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, count] of counts.entries()) {
      const start = clock.now();
      await run(count);
      least[index] = Math.min(least[index], clock.now() - start);
    }
  }
  return least;
}

/** Operations per millisecond of one thread, by many products of 48 × 64 × 64. */
function measureRate(multiply: () => void): number {
  const multiplyOften = (): void => {
    for (let i = 0; i < 8; i++) multiply();
  };
  const start = clock.now();
  let [best, since] = [0, 0];
  for (let sample = 0; sample < MAX_SAMPLES; sample++) {
    if (since >= PATIENCE && clock.now() - start >= OPTIMISING_MS) break;
    const { runs, milliseconds } = repeatFor(SAMPLE_MS, multiplyOften, workClock);
    const rate = (runs * 8 * 2 * ROWS * TILE * TILE) / milliseconds;
    since = rate > 1.05 * best ? 0 : since + 1;
    best = Math.max(best, rate);
  }
  return best;
}

/** Nanoseconds to copy a number into the heap. */
async function measureCopy({ heap }: Engine): Promise<number> {
  const from = new Float32Array(COPY_LENGTH).fill(0.5);
  const address = heap.allocate(4 * COPY_LENGTH);
  try {
    const to = heap.f32(address, COPY_LENGTH);
    const ms = await leastTime(async () => to.set(from), { clock: workClock, most: 8 });
    return (1e6 * ms) / COPY_LENGTH;
  } finally {
    heap.free(address);
  }
}
