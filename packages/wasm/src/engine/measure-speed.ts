/**
 * How fast this machine is, by some milliseconds of real products, which also make the engine optimise their kernel: one thread; what
 * all of them are together, which may be far from their number (two to a core, or more of them than cores); how long it takes until
 * they are at work; and how long copies into the heap take.
 */
import { AttnError } from '@attn/core';
import { clock, createPause, leastTime, repeatFor, show, TILE, workClock } from '@attn/core/backend';
import { gemmModule, GEMM_SCRATCH_BYTES, PRODUCT, PRODUCT_BYTES, ROWS } from '../kernels/gemm.ts';
import { Records } from '../kernels/records.ts';
import type { Engine } from './engine.ts';
import { knownSpeed, type EngineSpeed } from './speed.ts';

/** Milliseconds of work in a measurement of one thread. */
const SAMPLE_MS = 1;

/** The rate is found when so many samples in a row were no better, once the engine has had so many milliseconds to optimise the code. */
const PATIENCE = 5;
const OPTIMISING_MS = 40;

/** So many samples take longer than that on any clock that moves. */
const MOST_SAMPLES = 200;

/** Depth of the products that threads share: a task of them takes as long as a row block of attention. */
const DEPTH = 8 * TILE;

/** Tasks of a thread in the longer one of two jobs; the shorter one has one. */
const MORE = 6;

/** Threads have to meet, which anything may disturb: so many rounds of jobs. */
const ROUNDS = 24;

/** Milliseconds that helpers have to start. */
const START_MS = 500;

/** Numbers that are copied: more than the caches of one core hold. */
const COPIED = 2 ** 19;

/**
 * Measures within a turn of the engine's. Errors: `OUT_OF_MEMORY`, `WORKER_DIED`, `INTERNAL` where the clock
 * tells nothing.
 */
export async function measureSpeed(engine: Engine): Promise<EngineSpeed> {
  const found = await measure(engine);
  if (knownSpeed({ ...found }) !== undefined) return found;
  throw new AttnError('INTERNAL', 'wasm/calibrate', `expected a plausible speed, got ${show(found)}`);
}

async function measure(engine: Engine): Promise<EngineSpeed> {
  const { heap, threads } = engine;
  const copyNs = await measureCopy(engine);
  const sizes = [ROWS * DEPTH, TILE * DEPTH, threads * ROWS * TILE];
  const [a, b, c] = sizes.map((size) => heap.allocate(4 * size));
  const scratch = heap.allocate(GEMM_SCRATCH_BYTES);
  const taskList = heap.allocate(MORE * threads * PRODUCT_BYTES);
  try {
    const module = engine.load('gemm ', (options) => gemmModule({ ...options, activation: undefined }));
    heap.f32(a, sizes[0]).fill(0.5);
    heap.f32(b, sizes[1]).fill(0.5);
    const records = new Records(PRODUCT, PRODUCT_BYTES, MORE * threads);
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
    const counts = [1, threads, MORE * threads];
    const [one, short, long] = await leastTimes(counts, (count) => engine.run({ ...job, count }, pause));
    const each = (long - short) / ((MORE - 1) * threads);
    const gain = Math.min(threads, Math.max(1, one / each));
    return { rate, copyNs, gain, wakingMs: Math.max(0, short - (threads * one) / gain) };
  } finally {
    for (const address of [a, b, c, scratch, taskList]) heap.free(address);
  }
}

/** The least milliseconds of each job, all of them in turn, so that whatever else the machine does hits them alike. */
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

/** Operations per millisecond of one thread: products of 48 × 64 × 64 again and again. */
function measureRate(multiply: () => void): number {
  const multiplyOften = (): void => {
    for (let i = 0; i < 8; i++) multiply();
  };
  const start = clock.now();
  let [best, since] = [0, 0];
  for (let sample = 0; sample < MOST_SAMPLES; sample++) {
    if (since >= PATIENCE && clock.now() - start >= OPTIMISING_MS) break;
    const { runs, milliseconds } = repeatFor(SAMPLE_MS, multiplyOften, workClock);
    const rate = (runs * 8 * 2 * ROWS * TILE * TILE) / milliseconds;
    since = rate > 1.05 * best ? 0 : since + 1;
    best = Math.max(best, rate);
  }
  return best;
}

/** Nanoseconds of copying a number into the heap. */
async function measureCopy({ heap }: Engine): Promise<number> {
  const from = new Float32Array(COPIED).fill(0.5);
  const address = heap.allocate(4 * COPIED);
  try {
    const to = heap.f32(address, COPIED);
    const ms = await leastTime(async () => to.set(from), { clock: workClock, most: 8 });
    return (1e6 * ms) / COPIED;
  } finally {
    heap.free(address);
  }
}
