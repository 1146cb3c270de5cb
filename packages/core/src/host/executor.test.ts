import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Progress } from '../contract/backend.ts';
import { lazyTensor } from '../lazy-tensor.ts';
import { full } from '../patterns/full.ts';
import { f32, i32, tensor } from '../tensor.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { evaluateReference } from '../graph/evaluate.ts';
import { compileGraph } from './executor.ts';
import type { Graph } from '../graph/graph.ts';
import type { Kernel, KernelTable } from './kernel.ts';
import { eventLoopTurn } from '../async/pause.ts';
import { randomGraph } from '../graph/random-graph.testing.ts';
import { kernelOf, referenceKernels } from './reference-kernels.testing.ts';

const vector = { dtype: 'f32', shape: [3] } as const;
const x = f32([3], [1, -2, 3]);

/** The graph y = relu(x), compiled with a kernel of the test. */
function oneNode(relu: Kernel<'relu'>, more: Partial<Parameters<typeof compileGraph>[1]> = {}) {
  const builder = new GraphBuilder();
  const graph = builder.build({ y: builder.relu(builder.input('x', vector)) });
  return compileGraph(graph, { backend: 'test', kernels: { relu }, ...more });
}

function compile(graph: Graph, kernels: KernelTable = referenceKernels) {
  return compileGraph(graph, { backend: 'test', kernels, poison: true });
}

test('any graph gives what the oracle gives', async () => {
  await fc.assert(
    fc.asyncProperty(randomGraph, async ({ graph, inputs }) => {
      const executable = compile(graph);
      const expected = evaluateReference(graph, inputs);
      for (let run = 0; run < 2; run++) {
        const got = await executable.run(inputs);
        expect(Object.keys(got)).toEqual(Object.keys(expected));
        for (const [name, { shape, data }] of Object.entries(expected)) {
          expect(got[name].shape).toEqual(shape);
          got[name].data.forEach((value, i) =>
            expect(Math.abs(value - data[i])).toBeLessThan(1e-5 * (1 + Math.abs(data[i]))),
          );
        }
      }
    }),
    { numRuns: 50 },
  );
});

describe('outputs', () => {
  test('are fresh, also when they are an input, a constant, a view or named twice', async () => {
    const builder = new GraphBuilder();
    const value = builder.input('x', vector);
    const constant = f32([3], [7, 8, 9]);
    const y = builder.relu(value);
    const view = builder.reshape(y, [3, 1]);
    const graph = builder.build({
      x: value,
      c: builder.constant(constant),
      y,
      again: y,
      view,
      w: builder.reshape(value, [1, 3]),
    });
    const executable = compile(graph);
    const [first, second] = [await executable.run({ x }), await executable.run({ x })];
    const arrays = [...Object.values(first), ...Object.values(second)].map(({ data }) => data);
    expect(new Set([...arrays, x.data, constant.data]).size).toBe(14);
    expect(first).toMatchObject({ x, c: constant, y: f32([3], [1, 0, 3]), view: f32([3, 1], [1, 0, 3]) });
    expect(first.w).toEqual(f32([1, 3], [1, -2, 3]));
  });

  test('are poisoned for tests', async () => {
    const contents: unknown[] = [];
    const executable = oneNode(({ outputs }) => void contents.push([...outputs[0].data]), { poison: true });
    await executable.run({ x });
    expect(contents).toEqual([[NaN, NaN, NaN]]);
  });

  test('so is scratch memory', async () => {
    const contents: unknown[] = [];
    const kernel: Kernel<'relu'> = ({ context }) => {
      const scratch = context.scratch('f32', 2);
      contents.push([...scratch], [...context.scratch('i32', 1)], [...context.scratch('f16', 1)]);
      scratch.fill(1);
    };
    const executable = oneNode(kernel, { poison: true });
    await executable.run({ x });
    await executable.run({ x });
    const once = [[NaN, NaN], [-1], [0x7e00]];
    expect(contents).toEqual([...once, ...once]);
  });
});

describe('inputs', () => {
  test('arrive row-major', async () => {
    const executable = oneNode(kernelOf('relu'));
    const { y } = await executable.run({ x: { ...f32([6], [1, 0, 2, 0, 3, 0]), shape: [3], strides: [2] } });
    expect(y).toEqual(f32([3], [1, 2, 3]));
  });

  test('are the same objects at each run when constant', async () => {
    const builder = new GraphBuilder();
    const weight = f32([3], [1, 2, 3]);
    const graph = builder.build({ y: builder.add(builder.input('x', vector), builder.constant(weight)) });
    const add = vi.fn<Kernel<'add'>>(kernelOf('add'));
    const executable = compile(graph, { add });
    await executable.run({ x });
    await executable.run({ x });
    const [[first], [second]] = add.mock.calls;
    expect(first.inputs.b).toBe(second.inputs.b);
    expect(first.node).toBe(second.node);
  });

  test('that index are checked before any kernel sees them', async () => {
    const builder = new GraphBuilder();
    const ids = builder.input('ids', { dtype: 'i32', shape: [2] });
    const graph = builder.build({ y: builder.embedding(ids, builder.constant(f32([3, 1], [1, 2, 3]))) });
    const embedding = vi.fn<Kernel<'embedding'>>(kernelOf('embedding'));
    const executable = compile(graph, { embedding });
    await expect(executable.run({ ids: i32([2], [0, 3]) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(embedding).not.toHaveBeenCalled();
    expect((await executable.run({ ids: i32([2], [2, 0]) })).y).toEqual(f32([2, 1], [3, 1]));
  });
});

describe('runs', () => {
  test('take turns, and a failure does not stop the next', async () => {
    const log: string[] = [];
    const executable = oneNode(async ({ inputs, outputs }) => {
      log.push(`start ${inputs.x.data[0]}`);
      await eventLoopTurn();
      log.push(`end ${inputs.x.data[0]}`);
      if (inputs.x.data[0] === 2) throw new Error('boom');
      outputs[0].data.set(inputs.x.data);
    });
    const runs = [1, 2, 3].map((first) => executable.run({ x: f32([3], [first, 0, 0]) }));
    const settled = await Promise.allSettled(runs);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['start 1', 'end 1', 'start 2', 'end 2', 'start 3', 'end 3']);
  });

  test('an abort ends a run at its next pause, and a waiting run at once', async () => {
    let finished = false;
    const executable = oneNode(async ({ context }) => {
      for (let i = 0; i < 1000; i++) {
        await eventLoopTurn();
        await context.pause();
      }
      finished = true;
    });
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = executable.run({ x }, { signal: running.signal });
    const second = executable.run({ x }, { signal: waiting.signal });
    waiting.abort(new Error('changed my mind'));
    await expect(second).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('changed my mind') });
    running.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(executable.run({ x }, { signal: running.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(finished).toBe(false);
  });

  test('failures say which op failed', async () => {
    const failing = oneNode(() => {
      throw new TypeError('no such thing');
    });
    await expect(failing.run({ x })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: '[attn/test] relu: the kernel failed: no such thing',
      cause: expect.any(TypeError),
    });
  });

  test('called before dispose finish, called after it reject', async () => {
    const executable = oneNode(kernelOf('relu'));
    const before = executable.run({ x });
    executable.dispose();
    executable.dispose();
    expect((await before).y).toEqual(f32([3], [1, 0, 3]));
    await expect(executable.run({ x })).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('progress', () => {
  test('of a graph counts nodes', async () => {
    const builder = new GraphBuilder();
    const graph = builder.build({ y: builder.tanh(builder.relu(builder.input('x', vector))) });
    const onProgress = vi.fn<(progress: Progress) => void>();
    await compile(graph).run({ x }, { onProgress });
    expect(onProgress.mock.lastCall).toEqual([{ done: 2, total: 2, unit: 'nodes' }]);
  });

  test('of a single node is the kernel’s', async () => {
    const builder = new GraphBuilder();
    const q = builder.input('q', { dtype: 'f32', shape: [1, 1, 2, 1] });
    const graph = builder.build({ out: builder.attention({ q, k: q, v: q }, { pattern: full() }).out });
    const onProgress = vi.fn<(progress: Progress) => void>();
    const executable = compile(graph, {
      attention: (call) => {
        call.context.onProgress?.({ done: 1, total: 1, unit: 'tiles' });
        return kernelOf('attention')(call);
      },
    });
    await executable.run({ q: f32([1, 1, 2, 1], [1, 2]) }, { onProgress });
    await executable.run({ q: f32([1, 1, 2, 1], [1, 2]) });
    expect(onProgress.mock.calls).toEqual([[{ done: 1, total: 1, unit: 'tiles' }]]);
  });
});

test('an op without a kernel is UNSUPPORTED', () => {
  expect(() => oneNode(undefined as never)).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: '[attn/test] relu: this backend has no kernel for the op',
    }),
  );
});

test('f16 and integers pass through', async () => {
  const builder = new GraphBuilder();
  const half = builder.input('x', { dtype: 'f16', shape: [2] });
  const ids = builder.input('ids', { dtype: 'i32', shape: [2] });
  const graph = builder.build({ y: builder.relu(half), z: builder.concat([ids, ids], 0) });
  const outputs = await compile(graph).run({
    x: tensor('f16', [2], Uint16Array.of(0x3c00, 0xbc00)),
    ids: i32([2], [5, -6]),
  });
  expect(outputs).toEqual({ y: tensor('f16', [2], Uint16Array.of(0x3c00, 0)), z: i32([4], [5, -6, 5, -6]) });
});

test('a weight that could not be read once is read again', async () => {
  const builder = new GraphBuilder();
  const value = builder.input('x', vector);
  let isBroken = true;
  const weight = (value: number) =>
    builder.constant(
      lazyTensor(vector, () => {
        if (value === 2 && isBroken) throw new Error('EIO');
        return new Float32Array(3).fill(value);
      }),
    );
  const executable = compile(builder.build({ y: builder.add(builder.add(value, weight(1)), weight(2)) }));
  await expect(executable.run({ x })).rejects.toThrow('EIO');
  isBroken = false;
  expect([...(await executable.run({ x })).y.data]).toEqual([4, 1, 6]);
});
