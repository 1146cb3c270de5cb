/**
 * Threads: any number of them gives the same bits, every wait ends, and nothing stays behind. Tests the built
 * files, which threads load.
 */
import { execFileSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  causal,
  createAttn,
  f32,
  full,
  globalTokens,
  GraphBuilder,
  buildLsh,
  or,
  slidingWindow,
  type AttentionCall,
  type Backend,
  type Graph,
  type Tensor,
} from '@attn/core';
import { attention } from '@attn/core';
import { type RunOptions } from '@attn/core/backend';
import type { Progress } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { wasmBackend } from '../../dist/backend.js';
import { BUSY, CONTROL_WORDS, type Service } from './control.ts';
import { startHelper } from '../../dist/workers/start-helper.js';
import type { Thread, ThreadEvents } from '../../dist/engine/threads.js';
import { wasm } from '../../dist/index.js';
import { parseSpeed } from './speed.ts';
import { startEngine } from '../../dist/workers/start-engine.js';

function random(shape: readonly number[], seed: number): Tensor<'f32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * i + seed) * 2),
  );
}

function call(n: number, more: Partial<AttentionCall> = {}): AttentionCall {
  const [q, k, v] = [1, 2, 3].map((seed) => random([1, 4, n, 32], seed));
  return { q, k, v, pattern: full(), ...more };
}

/** The outputs of a backend for a call. */
async function answer(
  backend: Backend,
  { q, k, v, ...rest }: AttentionCall,
  options?: RunOptions,
): Promise<Float32Array[]> {
  const problem = { q, k, v, ...rest, returnLse: true };
  const executable = await backend.compile(attention(problem).graph);
  const outputs = await executable.run(attention(problem).inputs, options);
  executable.dispose();
  return Object.values(outputs).map(({ data }) => data as Float32Array);
}

/** A graph of three rounds of LSH. */
function threeRounds(heads: number, n: number): Graph {
  const builder = new GraphBuilder();
  const [q, v] = ['q', 'v'].map((name) => builder.input(name, { dtype: 'f32', shape: [1, heads, n, 32] }));
  const { out, lse } = buildLsh(builder, { q, v }, { rounds: 3, chunkLength: 48, returnLse: true });
  return builder.build(lse ? { out, lse } : { out });
}

async function lshAnswer(backend: Backend, graph: Graph): Promise<Float32Array[]> {
  const executable = await backend.compile(graph);
  const [q, v] = [6, 7].map((seed) => random(graph.values[0].shape, seed));
  const outputs = await executable.run({ q, v });
  executable.dispose();
  return Object.values(outputs).map(({ data }) => data as Float32Array);
}

/**
 * A backend with helpers that a test can end. `helpers` are all that were ever started; `alive` counts those
 * that have not been ended; `awaitWork` blocks until one of them has a part in the current job.
 */
function mortal(threads: number) {
  const helpers = new Set<{ die(): void }>();
  const services: Service[] = [];
  let alive = 0;
  const start = (events: ThreadEvents): Thread => {
    const thread = startHelper(events);
    alive += 1;
    const terminate = async (): Promise<void> => {
      alive -= 1;
      await thread.terminate();
    };
    helpers.add({
      die: () => {
        void terminate();
        events.onDeath('the test ended it');
      },
    });
    const post = (message: unknown): void => {
      services.push(message as Service);
      thread.post(message);
    };
    return { ...thread, post, terminate };
  };
  const isAtWork = ({ memory, control, helper }: Service): boolean =>
    Atomics.load(new Int32Array(memory.buffer, control, CONTROL_WORDS), BUSY + helper) === 1;
  const awaitWork = (): void => {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    while (!services.some(isAtWork)) Atomics.wait(clock, 0, 0, 1);
  };
  const backend = wasmBackend({ threads, offMainThread: false, startHelper: start });
  return { backend, helpers, alive: () => alive, awaitWork };
}

/** Calls `kill` at the first progress of a long run. Returns which share of it was done when it failed. */
async function untilDeath(backend: Backend, kill: () => void): Promise<number> {
  let share = 0;
  const onProgress = ({ done, total }: Progress): void => {
    if (share === 0) kill();
    share = done / total;
  };
  await expect(answer(backend, call(20_000), { onProgress })).rejects.toMatchObject({ code: 'WORKER_DIED' });
  return share;
}

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('threads', () => {
  test('of any number give the same bits', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [300, 200] });
    const weight = builder.constant(random([500, 200], 4));
    const y = builder.layerNorm(builder.linear(x, weight, undefined, { activation: 'gelu' }));
    const graph = builder.build({ y, p: builder.softmax(y, 0) });
    const lsh = threeRounds(4, 900);
    const calls = [
      call(1000, { pattern: or(slidingWindow({ before: 100, after: 100 }), globalTokens([0, 500])) }),
      call(900, { pattern: causal() }),
      call(1000, { pattern: slidingWindow({ before: 50, after: 50, dilation: 3 }) }),
    ];
    const backends = [1, 2, 3, 4].map((threads) => wasm({ threads }));
    backends.push(wasm({ sharedMemory: false }), wasm({ threads: 2, offMainThread: true }));
    let first: Float32Array[] | undefined;
    for (const backend of backends) {
      const results: Float32Array[] = [];
      // Two rounds, because helpers that have just been started come too late for the first.
      for (let round = 0; round < 2; round++) {
        results.length = 0;
        for (const problem of calls) results.push(...(await answer(backend, problem)));
        const executable = await backend.compile(graph);
        const outputs = await executable.run({ x: random([300, 200], 5) });
        results.push(...Object.values(outputs).map(({ data }) => data as Float32Array));
        executable.dispose();
        results.push(...(await lshAnswer(backend, lsh)));
        await soon(50);
      }
      first ??= results;
      expect(results).toEqual(first);
      await backend.dispose();
    }
  });

  test('that die at work fail the call at once, and the next one works', async () => {
    const { backend, helpers, awaitWork } = mortal(3);
    const expected = await answer(backend, call(600));
    const die = (): void => {
      // On a busy machine the helpers can come much later than the caller, and nothing is lost before that.
      awaitWork();
      helpers.forEach((helper) => helper.die());
    };
    expect(await untilDeath(backend, die)).toBeLessThan(0.5);
    expect(await answer(backend, call(600))).toEqual(expected);
    await backend.dispose();
  });

  test('that die asleep are replaced without a word', async () => {
    const { backend, helpers } = mortal(2);
    const expected = await answer(backend, call(600));
    await soon(200);
    for (const helper of helpers) helper.die();
    expect(await answer(backend, call(600))).toEqual(expected);
    expect(helpers.size).toBe(2);
    await backend.dispose();
  });

  test('that never start are given up after three tries, and one thread does all the work', async () => {
    let starts = 0;
    const backend = wasmBackend({
      threads: 2,
      offMainThread: false,
      startHelper: ({ onDeath }) => {
        starts += 1;
        setTimeout(() => onDeath('it may not'), 1);
        return { post: () => {}, ref: () => {}, unref: () => {}, terminate: async () => {} };
      },
    });
    for (let i = 0; i < 6; i++) {
      await answer(backend, call(600));
      await soon(5);
    }
    expect(starts).toBe(3);
    expect(await backend.probe({ again: true })).toMatchObject({
      summary: expect.stringMatching(/, 1 thread$/),
      absences: expect.arrayContaining(['one thread: helper threads do not start: it may not']),
    });
    await backend.dispose();
  });

  test('that sleep do not keep a process alive', () => {
    const script = `
      import { createAttn, f32 } from '@attn/core';
      import { wasm } from '${new URL('../../dist/index.js', import.meta.url).href}';
      const attn = await createAttn({ backends: [wasm({ threads: 3 })] });
      const x = f32([1, 4, 1000, 32], new Float32Array(128000).fill(0.5));
      for (let i = 0; i < 3; i++) await attn.attention({ q: x, k: x, v: x });
      console.log('done');`;
    const options = { cwd: new URL('../..', import.meta.url), encoding: 'utf8', timeout: 20_000 } as const;
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], options)).toBe('done\n');
  });
});

describe('an engine in a worker', () => {
  test('that dies fails the call at once, and the same executable works again', async () => {
    let kill = (): void => {};
    const backend = wasmBackend({
      threads: 1,
      offMainThread: true,
      startEngine: (events) => {
        const thread = startEngine(events);
        kill = () => {
          void thread.terminate();
          events.onDeath('the test ended it');
        };
        return thread;
      },
    });
    const small = call(300);
    const executable = await backend.compile(attention(small).graph);
    const expected = await executable.run(attention(small).inputs);
    expect(await untilDeath(backend, () => kill())).toBeLessThan(0.5);
    expect(await executable.run(attention(small).inputs)).toEqual(expected);
    await backend.dispose();
    await expect(executable.run(attention(small).inputs)).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('a measurement of speed', () => {
  test.each([
    [1, false],
    [3, false],
    [2, true],
  ])('with %i threads; in a worker: %s', async (threads, offMainThread) => {
    const backend = wasm({ threads, offMainThread });
    await backend.probe();
    const speed = parseSpeed(await backend.calibrate?.());
    expect(speed?.rate).toBeGreaterThan(1e6);
    expect(speed?.copyNs).toBeGreaterThan(0);
    expect(speed?.gain).toBeLessThanOrEqual(threads);
    await backend.dispose();
  });

  test('works without helpers that never start', async () => {
    const backend = wasmBackend({
      threads: 2,
      offMainThread: false,
      startHelper: ({ onDeath }) => {
        setTimeout(() => onDeath('it may not'), 1);
        return { post: () => {}, ref: () => {}, unref: () => {}, terminate: async () => {} };
      },
    });
    expect(await backend.calibrate?.()).toMatchObject({ gain: expect.closeTo(1, 0) });
    await backend.dispose();
  });
});

describe('a disposed backend', () => {
  const small = call(600);
  const graph = attention(small).graph;
  const inputs = attention(small).inputs;
  const disposed = { code: 'DISPOSED' };

  test('runs nothing more, and starts no helper again', async () => {
    const { backend, helpers } = mortal(2);
    const executable = await backend.compile(graph);
    await executable.run(inputs);
    expect(helpers.size).toBe(1);
    await backend.dispose();
    await expect(executable.run(inputs)).rejects.toMatchObject(disposed);
    await expect(backend.calibrate?.()).rejects.toMatchObject(disposed);
    expect(helpers.size).toBe(1);
    executable.dispose();
  });

  test('finishes the run that is under way, and does not begin those behind it', async () => {
    const { backend, alive } = mortal(2);
    const executable = await backend.compile(graph);
    const expected = await executable.run(inputs);
    let dispose: Promise<void> | undefined;
    const first = executable.run(inputs, { onProgress: () => (dispose ??= backend.dispose()) });
    const second = executable.run(inputs);
    await expect(second).rejects.toMatchObject(disposed);
    expect(await first).toEqual(expected);
    await dispose;
    expect(alive()).toBe(0);
  });

  test.each([false, true])('compiles nothing that was pending; in a worker: %s', async (offMainThread) => {
    const backend = wasm({ threads: 2, offMainThread });
    const pending = backend.compile(graph);
    const failed = expect(pending).rejects.toMatchObject(disposed);
    await backend.dispose();
    await failed;
  });

  test('starts no worker to be probed', async () => {
    const backend = wasm({ offMainThread: true });
    await backend.dispose();
    expect(await backend.probe()).toEqual({ available: false, reason: 'the backend has been disposed' });
  });
});

test('ten thousand calls leave nothing behind', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const attn = await createAttn({ backends: [wasm({ threads: 1 })] });
  const small = call(16);
  const use = async (calls: number): Promise<number> => {
    for (let i = 0; i < calls; i++) await attn.attention({ ...small, pattern: causal() });
    collect();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  await use(500);
  const before = await use(500);
  const after = await use(10_000);
  // Each call makes 8 KB of results: if they stayed behind, they would be 80 MB.
  expect(after - before).toBeLessThan(20e6);
  await attn.dispose();
}, 60_000);

describe('options', () => {
  test('that make no sense are refused with their value', () => {
    expect(() => wasm({ threads: 0 })).toThrow('threads must be an integer from 1 to 256, got 0');
    expect(() => wasm({ threads: 1.5 })).toThrow('got 1.5');
    expect(() => wasm({ simd: 'fast' as 'plain', offMainThread: true })).toThrow(
      'simd must be "relaxed" or "plain", got "fast"',
    );
  });

  test('show in the probe', async () => {
    const backend = wasm({ threads: 3, simd: 'plain' });
    expect(await backend.probe()).toMatchObject({
      available: true,
      summary: 'WebAssembly SIMD, 3 threads',
      features: { threads: 3, simd: 'plain', sharedMemory: true, f16: true },
    });
    await backend.dispose();
  });
});
