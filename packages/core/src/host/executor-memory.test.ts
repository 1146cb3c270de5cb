import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { lazyTensor } from '../lazy-tensor.ts';
import { f32, i32, zeros } from '../tensor.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { compileGraph } from './executor.ts';
import type { Kernel } from './kernel.ts';
import { bufferRegion, type Region } from './region.ts';
import { eventLoopTurn } from '../async/pause.ts';
import { kernelOf } from './reference-kernels.testing.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const vector = { dtype: 'f32', shape: [3] } as const;
const x = f32([3], [1, -2, 3]);

/** The graph y = relu(x), compiled with a kernel of the test. */
function oneNode(relu: Kernel<'relu'>, more: Partial<Parameters<typeof compileGraph>[1]> = {}) {
  const builder = new GraphBuilder();
  const graph = builder.build({ y: builder.relu(builder.input('x', vector)) });
  return compileGraph(graph, { backend: 'test', kernels: { relu }, ...more });
}

describe('memory', () => {
  test('comes from the backend’s allocator', async () => {
    const builder = new GraphBuilder();
    const graph = builder.build({ y: builder.relu(builder.relu(builder.input('x', vector))) });
    const allocate = vi.fn((bytes: number): Region => ({
      ...bufferRegion(bytes),
      buffer: new SharedArrayBuffer(bytes),
    }));
    const buffers: unknown[] = [];
    const relu: Kernel<'relu'> = (call) => {
      buffers.push(call.outputs[0].data.buffer, call.context.scratch('f32', 5).buffer);
      return kernelOf('relu')(call);
    };
    const executable = compileGraph(graph, { backend: 'test', kernels: { relu }, allocate });
    expect((await executable.run({ x })).y).toEqual(f32([3], [1, 0, 3]));
    const [arena, scratch] = allocate.mock.results.map(({ value }) => (value as Region).buffer);
    expect(buffers).toEqual([arena, scratch, expect.any(ArrayBuffer), scratch]);
    expect(allocate.mock.calls).toEqual([[12], [64]]);
  });

  test('is allocated by the first run and kept for the next, but not when it is much', async () => {
    for (const [bytes, allocations] of [
      [2 ** 20, 1],
      [2 ** 26 + 1, 2],
    ]) {
      const allocate = vi.fn((size: number) => bufferRegion(size));
      const executable = oneNode(({ context }) => void context.scratch('u8', bytes), { allocate });
      expect(allocate).not.toHaveBeenCalled();
      await Promise.all([executable.run({ x }), executable.run({ x })]);
      await eventLoopTurn();
      await executable.run({ x });
      expect(allocate.mock.calls.filter(([size]) => size > 0)).toHaveLength(allocations);
    }
  });

  test('of many idle executables is bounded', async () => {
    let allocated = 0;
    const allocate = (size: number) => {
      allocated += size;
      return bufferRegion(size);
    };
    const executables = Array.from({ length: 32 }, () =>
      oneNode(({ context }) => void context.scratch('u8', 2 ** 24), { allocate }),
    );
    for (const executable of executables) {
      await executable.run({ x });
      await eventLoopTurn();
    }
    allocated = 0;
    await executables[31].run({ x });
    expect(allocated).toBe(0);
    await executables[0].run({ x });
    expect(allocated).toBe(2 ** 24);
  });

  test('that lazy constants were read into is not kept beside a large arena', async () => {
    for (const [length, times] of [
      [2 ** 10, 1],
      [2 ** 25 + 1, 2],
    ]) {
      let reads = 0;
      const read = () => {
        reads++;
        return Float32Array.of(7);
      };
      const builder = new GraphBuilder();
      const input = builder.input('x', { dtype: 'f32', shape: [length] });
      const table = builder.constant(lazyTensor({ dtype: 'f32', shape: [1, 1] }, read));
      const row = builder.embedding(builder.constant(i32([1], [0])), table);
      const graph = builder.build({ row, y: builder.relu(builder.relu(input)) });
      // Memory that nothing touches costs nothing.
      const kernels = { relu: () => {}, embedding: kernelOf('embedding') };
      const executable = compileGraph(graph, { backend: 'test', kernels, keepMemory: false });
      for (let run = 0; run < 2; run++) {
        const { row: first } = await executable.run({ x: zeros('f32', [length]) });
        expect([...first.data]).toEqual([7]);
        await eventLoopTurn();
        collectGarbage(); // frees the array that was read, unless something holds it
      }
      expect(reads).toBe(times);
    }
  });

  test('that is not there is OUT_OF_MEMORY', async () => {
    const allocate = () => {
      throw new RangeError('Array buffer allocation failed');
    };
    await expect(oneNode(kernelOf('relu'), { allocate }).run({ x })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
    });
  });

  test('is given back after each run when it is not to be kept, and onRelease comes last', async () => {
    const events: string[] = [];
    const allocate = (size: number): Region => {
      events.push('take');
      return { ...bufferRegion(size), release: () => void events.push('give') };
    };
    const onRelease = () => void events.push('released');
    const take: Kernel<'relu'> = ({ context }) => {
      context.scratch('u8', 64);
      context.scratch('u8', 65); // outgrows the first block, which arrays still use
    };
    const executable = oneNode(take, { allocate, keepMemory: false, onRelease });
    const runs = [executable.run({ x }), executable.run({ x })];
    executable.dispose();
    executable.dispose();
    await Promise.all(runs);
    await eventLoopTurn();
    executable.dispose();
    expect(events.filter((event) => event === 'take')).toHaveLength(
      events.filter((event) => event === 'give').length,
    );
    expect(events.at(-1)).toBe('released');
    expect(events.filter((event) => event === 'released')).toHaveLength(1);
  });
});
