/** State in the engine: what a step allocates, and what is left when the worker has died. */
import { f32, full, GraphBuilder, i32, type Graph } from '@attn/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../dist/index.js';

const CAPACITY = 1024;
const ROW = { dtype: 'f32', shape: [1, 2, 1, 16] } as const;
const CACHE = { dtype: 'f32', shape: [1, 2, CAPACITY, 16] } as const;

/** A step of attention over a cache of keys, which are the values, too. */
function stepGraph(): Graph {
  const builder = new GraphBuilder();
  const row = builder.input('row', ROW);
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  const keys = builder.writeRows(builder.state('keys', CACHE), row, at, 2);
  const bias = builder.input('bias', { dtype: 'f32', shape: [1, 1, 1, CAPACITY] });
  const { out } = builder.attention({ q: row, k: keys, v: keys, bias }, { pattern: full() });
  return builder.build({ out });
}

function stepInputs(position: number) {
  const row = f32(
    ROW.shape,
    Array.from({ length: 32 }, (_, i) => Math.sin(position + i)),
  );
  const bias = f32(
    [1, 1, 1, CAPACITY],
    Array.from({ length: CAPACITY }, (_, key) => (key <= position ? 0 : -Infinity)),
  );
  return { row, at: i32([1], [position % CAPACITY]), bias };
}

afterEach(() => vi.restoreAllMocks());

describe('steps', () => {
  test.each([{ sharedMemory: false }, { sharedMemory: true }])(
    'do not let the heap grow: %j',
    async ({ sharedMemory }) => {
      const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
      const backend = wasm({ threads: 1, sharedMemory, offMainThread: false });
      const step = await backend.compile(stepGraph());
      const state = await backend.createState?.({ keys: CACHE });
      await step.run(stepInputs(0), { state });
      await state?.reorder([0, 0]);
      await state?.reorder([0]);
      const before = grow.mock.calls.length;
      expect(before).toBeGreaterThan(0);
      for (let position = 1; position < 200; position++) {
        await step.run(stepInputs(position), { state });
        if (position % 16 === 0) {
          await state?.reorder([0, 0]);
          await state?.reorder([1]);
        }
      }
      expect(grow.mock.calls.length).toBe(before);
      await backend.dispose();
    },
  );

  test('go on after the heap has grown, and become another buffer', async () => {
    const backend = wasm({ threads: 1, sharedMemory: false, offMainThread: false });
    const step = await backend.compile(stepGraph());
    const [grown, still] = [
      await backend.createState?.({ keys: CACHE }),
      await backend.createState?.({ keys: CACHE }),
    ];
    for (let position = 0; position < 3; position++) {
      const outputs = [];
      for (const state of [grown, still]) outputs.push(await step.run(stepInputs(position), { state }));
      expect(outputs[0]).toEqual(outputs[1]);
      // More than is free by far.
      await backend.createState?.({ much: { dtype: 'u8', shape: [2 ** 20] } });
    }
    expect(await grown?.read('keys')).toEqual(await still?.read('keys'));
    await backend.dispose();
  });
});

describe('a worker that dies', () => {
  test('takes its states with it: their use says so, and new ones live in the next worker', async () => {
    const terminate: (() => Promise<unknown>)[] = [];
    const { Worker } = await import('node:worker_threads');
    const post = Worker.prototype.postMessage;
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (
      this: InstanceType<typeof Worker>,
      ...args
    ) {
      terminate[0] = () => this.terminate();
      return post.apply(this, args);
    });
    const backend = wasm({ threads: 1, offMainThread: true });
    const step = await backend.compile(stepGraph());
    const state = await backend.createState?.({ keys: CACHE });
    const { out } = await step.run(stepInputs(0), { state });
    await terminate[0]();
    const lost = { code: 'WORKER_DIED' };
    await expect(state?.read('keys')).rejects.toMatchObject(lost);
    await expect(step.run(stepInputs(1), { state })).rejects.toMatchObject(lost);
    await expect(state?.fork()).rejects.toMatchObject(lost);
    await state?.dispose();
    const next = await backend.createState?.({ keys: CACHE });
    expect(await step.run(stepInputs(0), { state: next })).toEqual({ out });
    await backend.dispose();
  });
});
