// Runs of several graphs on one device, and listeners that throw: no fault of one reaches another.
import { f32, GraphBuilder, type Graph } from '@attn/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findGpu } from '../device/find-gpu.ts';
import { webgpu } from '../index.ts';

const x = f32([4], [1, 2, 3, 4]);
const opened: GPUDevice[] = [];

/** A graph of one op, which compiles fast. */
function graphOf(op: 'relu' | 'tanh'): Graph {
  const builder = new GraphBuilder();
  return builder.build({ y: builder[op](builder.input('x', { dtype: 'f32', shape: [4] })) });
}

beforeEach(async () => {
  opened.length = 0;
  await findGpu();
  const open = GPUAdapter.prototype.requestDevice;
  vi.spyOn(GPUAdapter.prototype, 'requestDevice').mockImplementation(async function (
    this: GPUAdapter,
    ...args
  ) {
    const device = await open.apply(this, args);
    vi.spyOn(device, 'destroy');
    opened.push(device);
    return device;
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
  await Promise.all(graphs.map((each) => each.run({ x })));
  expect(opened).toHaveLength(2);
  await backend.dispose();
  for (const device of opened) expect(device.destroy).toHaveBeenCalled();
});

test('what a listener of progress throws is reported to the host, and the run goes on', async () => {
  const reportError = vi.fn<(error: unknown) => void>();
  vi.stubGlobal('reportError', reportError);
  const backend = webgpu();
  const executable = await backend.compile(graphOf('relu'));
  const onProgress = () => {
    throw new Error('mine');
  };
  expect((await executable.run({ x }, { onProgress })).y.data).toEqual(x.data);
  expect(reportError.mock.calls).toEqual([[new Error('mine')]]);
  await backend.dispose();
});
