/**
 * Measures the most that this machine can do in JavaScript and in WebAssembly on one thread: multiply–adds on
 * registers alone. Benchmarks report the share of it that a kernel reaches. Published as
 * `@attn/wasm/ceilings`.
 */
import { AttnError } from '@attn/core';
import { clock, show } from '@attn/core/backend';
import { f32x4, i32, ModuleBuilder, v128, type V128 } from './assembler/index.ts';
import { features } from './engine/features.ts';
import { multiplyAdd, type Simd } from './kernels/arithmetic.ts';

/**
 * The most that this machine can do, in 10⁹ floating-point operations a second; a multiply–add counts as two.
 */
export interface Ceilings {
  readonly scalarGflops: number;
  /** With 128-bit SIMD, multiply and add. */
  readonly simdGflops: number;
  /** With 128-bit SIMD and fused multiply–add; undefined where the engine has none. */
  readonly relaxedGflops: number | undefined;
}

/** Number of independent sums: enough to hide the latency of an addition, few enough for 16 registers. */
const SUMS = 12;

/** Steps of a sample. */
const STEPS = 100_000;

/** Number of samples; the best counts. */
const SAMPLES = 30;

/**
 * Measures the ceilings of this machine, for some tens of milliseconds. Errors: none where WebAssembly SIMD
 * exists.
 *
 * @example
 * ```ts
 * import { measureCeilings } from '@attn/wasm/ceilings';
 *
 * const { simdGflops } = measureCeilings();
 * ```
 */
export function measureCeilings(): Ceilings {
  return {
    scalarGflops: best(2 * SCALAR_SUMS * STEPS, scalar),
    simdGflops: best(8 * SUMS * STEPS, vectorLoop('plain')),
    relaxedGflops: features().relaxed ? best(8 * SUMS * STEPS, vectorLoop('relaxed')) : undefined,
  };
}

function best(flops: number, run: () => void): number {
  let gflops = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = clock.now();
    run();
    gflops = Math.max(gflops, flops / (clock.now() - start) / 1e6);
  }
  return gflops;
}

function vectorLoop(simd: Simd): () => void {
  const module = new ModuleBuilder({ sharedMemory: false });
  const madd = multiplyAdd(simd);
  module.export(
    module.define('run', { address: 'i32' }, (f, { address }) => {
      const sums = Array.from({ length: SUMS }, (_, i) => f.let(`sum${i}`, f32x4.all(i)));
      const a = f.local('a', 'v128');
      f.count('step', STEPS, 1, () => {
        // Each operand is loaded again and differs, so that no product can be shared by sums or steps.
        f.set(a, v128.load(address));
        sums.forEach((sum, i) => f.set(sum, madd(a, v128.load(address, 16 * i + 16), sum)));
      });
      // The result is used, so that the engine cannot leave anything out.
      const total = sums.reduce((all: V128, sum) => f32x4.add(all, sum), f32x4.all(0));
      f.do(v128.store(address, total, 16 * SUMS + 16));
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  const { run } = instance.exports as { run(address: number): void };
  return () => run(0);
}

const SCALAR_SUMS = 8;
const scalarResult = new Float64Array(1);

function scalar(): void {
  let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7];
  for (let step = 0; step < STEPS; step++) {
    a = a * 0.999 + 0.001;
    b = b * 0.999 + 0.001;
    c = c * 0.999 + 0.001;
    d = d * 0.999 + 0.001;
    e = e * 0.999 + 0.001;
    f = f * 0.999 + 0.001;
    g = g * 0.999 + 0.001;
    h = h * 0.999 + 0.001;
  }
  scalarResult[0] = a + b + c + d + e + f + g + h;
}

/** Vectors that are read in a step, in each place. */
const VECTORS = 8;

/** Bytes of a step in one place. */
const STEP_BYTES: number = 16 * VECTORS;

/** A memory of WebAssembly, without the name of its type, which not every library of TypeScript has. */
export interface ReadableMemory {
  readonly buffer: ArrayBuffer;
}

/** Shared memory that threads read, of so many bytes. Errors: `RangeError` when there is not so much. */
export function readableMemory(bytes: number): ReadableMemory {
  const pages = Math.ceil(bytes / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  // Pages that nobody has written are all the same page of zeros.
  new Float64Array(memory.buffer).fill(1);
  return memory;
}

/**
 * The function that reads a shared memory on one thread, from one address to another: from one end to the
 * other, or so many parts of it at the same time, which most processors do faster. The addresses are a
 * multiple of 128 bytes apart for each place. It writes 16 bytes at address 0. Errors: `INVALID_ARGUMENT` for
 * another memory.
 * @param places parts that are read at the same time; default 1
 *
 * @example
 * ```ts
 * import { memoryReader, readableMemory } from '@attn/wasm/ceilings';
 *
 * const read = memoryReader(readableMemory(2 ** 20));
 * read(0, 2 ** 20);
 * ```
 */
export function memoryReader(memory: ReadableMemory, places = 1): (from: number, to: number) => void {
  if (!(memory instanceof WebAssembly.Memory)) {
    const message = `memory must be that of readableMemory, got ${show(memory)}`;
    throw new AttnError('INVALID_ARGUMENT', 'wasm/memoryReader', message);
  }
  const module = new ModuleBuilder({ sharedMemory: true });
  module.export(
    module.define('read', { from: 'i32', bytes: 'i32' }, (f, { from, bytes }) => {
      const parts = Array.from({ length: VECTORS }, (_, i) => f.let(`part${i}`, f32x4.all(0)));
      const ats = Array.from({ length: places }, (_, i) => f.let(`at${i}`, i32.add(from, i32.mul(bytes, i))));
      f.count('byte', bytes, STEP_BYTES, () => {
        for (const at of ats) {
          parts.forEach((part, i) => f.set(part, v128.or(part, v128.load(at, 16 * i))));
          f.advance(at, STEP_BYTES);
        }
      });
      // The result is used, so that the engine cannot leave anything out.
      f.do(
        v128.store(
          0,
          parts.reduce((all: V128, part) => v128.or(all, part), f32x4.all(0)),
        ),
      );
    }),
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  const { read } = instance.exports as { read(from: number, bytes: number): void };
  return (from, to) => read(from, (to - from) / places);
}
