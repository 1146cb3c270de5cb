// Runs of several graphs on one device, and listeners that throw: the fault of one run reaches no other.
import { f32, GraphBuilder, type Graph } from '@attn/core';
import { eventLoopTurn } from '@attn/core/backend';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchDevices } from '../device/watch-devices.testing.ts';
import { webgpu } from '../index.ts';
import type { GpuExecutable } from '../types.ts';

const x = f32([4], [1, 2, 3, 4]);
const opened: GPUDevice[] = [];

/** A graph of one op, which compiles fast. */
function graphOf(op: 'relu' | 'tanh'): Graph {
  const builder = new GraphBuilder();
  return builder.build({ y: builder[op](builder.input('x', { dtype: 'f32', shape: [4] })) });
}

beforeEach(async () => {
  opened.length = 0;
  await watchDevices((device) => {
    vi.spyOn(device, 'destroy');
    opened.push(device);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('two graphs that find their device lost open one new device, and all are destroyed', async () => {
  const backend = webgpu();
  const graphs = await Promise.all([backend.compile(graphOf('relu')), backend.compile(graphOf('tanh'))]);
  expect(opened).toHaveLength(1);
  opened[0].destroy();
  await opened[0].lost;
  await Promise.all(graphs.map((executable) => executable.run({ x })));
  expect(opened).toHaveLength(2);
  await backend.dispose();
  for (const device of opened) expect(device.destroy).toHaveBeenCalled();
});

test('a run whose onProgress throws rejects with that error, and the next one runs', async () => {
  const backend = webgpu();
  const executable = await backend.compile(graphOf('relu'));
  const error = new Error('mine');
  const onProgress = () => {
    throw error;
  };
  await expect(executable.run({ x }, { onProgress })).rejects.toBe(error);
  expect((await executable.run({ x })).y.data).toEqual(x.data);
  await backend.dispose();
});

/** A tensor whose buffer is destroyed: a run of it is refused by the device. */
async function deadTensor(executable: GpuExecutable): Promise<never> {
  const { y } = await executable.runOnGpu({ x });
  y.buffer.destroy();
  // The type of `run` in core does not know tensors on the device.
  return y as never;
}

test('of two runs at a time, the one that the device refuses fails', async () => {
  const backend = webgpu();
  const good = await backend.compile(graphOf('relu'));
  const bad = await backend.compile(graphOf('tanh'));
  const dead = await deadTensor(bad);
  for (let i = 0; i < 3; i++) {
    const first = await Promise.allSettled([bad.run({ x: dead }), good.run({ x })]);
    const second = (await Promise.allSettled([good.run({ x }), bad.run({ x: dead })])).reverse();
    for (const [refused, fulfilled] of [first, second]) {
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } });
      expect(fulfilled).toMatchObject({ status: 'fulfilled', value: { y: { data: x.data } } });
    }
  }
  await backend.dispose();
});

test('no error scope of ours is open while a device works', async () => {
  const backend = webgpu();
  await backend.probe();
  let open = 0;
  const atWork: number[] = [];
  const [device] = opened;
  for (const [name, step] of [
    ['pushErrorScope', 1],
    ['popErrorScope', -1],
  ] as const) {
    const own = device[name].bind(device) as (...args: unknown[]) => never;
    Object.defineProperty(device, name, {
      value: (...args: unknown[]) => {
        open += step;
        return own(...args);
      },
    });
  }
  const executable = await watched(backend.compile(graphOf('relu')));
  await watched(executable.run({ x }));
  await watched(executable.runOnGpu({ x }));
  expect(new Set(atWork)).toEqual(new Set([0]));
  await backend.dispose();

  /** Records the open scopes at every turn of the event loop until the promise settles. */
  async function watched<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => (isDone = true));
    while (!isDone) {
      await Promise.resolve();
      atWork.push(open);
      await eventLoopTurn();
      atWork.push(open);
    }
    return done;
  }
});

test('a run that fails while its results are mapped leaves nothing mapped to later ones', async () => {
  const backend = webgpu();
  const executable = await backend.compile(graphOf('relu'));
  await executable.run({ x });
  vi.spyOn(GPUBuffer.prototype, 'getMappedRange').mockImplementationOnce(() => {
    throw new RangeError('Array buffer allocation failed');
  });
  await expect(executable.run({ x })).rejects.toThrow('Array buffer allocation failed');
  for (let i = 0; i < 3; i++) expect((await executable.run({ x })).y.data).toEqual(x.data);
  await backend.dispose();
});

test('an error of the listener of times is reported to the host, and runs go on', async () => {
  const reportError = vi.fn<(error: unknown) => void>();
  vi.stubGlobal('reportError', reportError);
  const onGpuTime = () => {
    throw new Error('mine');
  };
  const backend = webgpu({ onGpuTime });
  const executable = await backend.compile(graphOf('relu'));
  for (let i = 0; i < 3; i++) expect((await executable.run({ x })).y.data).toEqual(x.data);
  const times = opened[0].features.has('timestamp-query') ? 3 : 0;
  expect(reportError.mock.calls).toEqual(Array.from({ length: times }, () => [new Error('mine')]));
  await backend.dispose();
});
