// Faults of a device: typed errors, another device for the next call, and no leaked buffer.
import { attention, createAttn, f32, GraphBuilder, slidingWindow, type AttentionCall } from '@attn/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BufferPool } from './device/buffer-pool.ts';
import { findGpu } from './device/find-gpu.ts';
import { GpuDevice } from './device/gpu-device.ts';
import { watchDevices } from './device/watch-devices.testing.ts';
import { webgpu } from './index.ts';

function call(n = 100): AttentionCall {
  const x = f32(
    [1, 2, n, 16],
    Float32Array.from({ length: 2 * n * 16 }, (_, i) => Math.sin(i)),
  );
  return { q: x, k: x, v: x, pattern: slidingWindow({ before: 16, after: 16 }) };
}

async function openDevice(): Promise<GPUDevice> {
  const { gpu } = await findGpu();
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('no adapter');
  return adapter.requestDevice();
}

/** A graph that a software GPU compiles in a moment, on each new device. */
const spec = { dtype: 'f32', shape: [2, 100, 16] } as const;
const builder = new GraphBuilder();
const graph = builder.build({ out: builder.tanh(builder.input('x', spec)) });
const inputs = { x: f32(spec.shape, call().q.data as Float32Array) };

let gpu: GpuDevice;
beforeAll(async () => {
  gpu = await GpuDevice.open({});
});
afterAll(() => gpu.dispose());

test("an application's own device is used, and works on after the backend is disposed", async () => {
  const device = await openDevice();
  const attn = await createAttn({ backends: [webgpu({ device })] });
  await attn.run(graph, inputs);
  await attn.dispose();
  const buffer = device.createBuffer({ size: 16, usage: 0x8 });
  device.pushErrorScope('validation');
  device.queue.writeBuffer(buffer, 0, new Uint32Array(4));
  expect(await device.popErrorScope()).toBe(null);
  device.destroy();
});

test("an application's own device that is lost: DEVICE_LOST, now and later", async () => {
  const device = await openDevice();
  const backend = webgpu({ device });
  const executable = await backend.compile(graph);
  const first = await executable.run(inputs);
  device.destroy();
  for (let i = 0; i < 2; i++) {
    await expect(executable.run(inputs)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  }
  expect(first.out.data[1]).not.toBe(0);
  await backend.dispose();
});

/**
 * Prepares a device to be lost. Call the returned function to lose it, for `reason`, at its next command
 * encoder.
 */
function makeLosable(device: GPUDevice, reason: GPUDeviceLostReason): () => void {
  let lose: (info: GPUDeviceLostInfo) => void = () => undefined;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => (lose = resolve));
  Object.defineProperty(device, 'lost', { value: lost });
  const create = device.createCommandEncoder.bind(device);
  let isDoomed = false;
  device.createCommandEncoder = (descriptor) => {
    if (isDoomed) lose({ reason, message: 'the driver has hung' } as GPUDeviceLostInfo);
    return create(descriptor);
  };
  return () => (isDoomed = true);
}

test('a device of our own that is destroyed is replaced at the next call', async () => {
  const opened: GPUDevice[] = [];
  await watchDevices((device) => void opened.push(device));
  const backend = webgpu();
  const executable = await backend.compile(graph);
  const before = await executable.run(inputs);
  opened[0].destroy();
  await opened[0].lost;
  const after = await executable.run(inputs);
  expect(after.out.data).toEqual(before.out.data);
  expect(opened.length).toBe(2);
  await backend.dispose();
});

test('a device of our own that is lost during a call: DEVICE_LOST with the reason, and replaced at the next call', async () => {
  const lose: (() => void)[] = [];
  await watchDevices((device) => void lose.push(makeLosable(device, 'unknown')));
  const backend = webgpu();
  const executable = await backend.compile(graph);
  const before = await executable.run(inputs);
  lose[0]();
  await expect(executable.run(inputs)).rejects.toMatchObject({
    code: 'DEVICE_LOST',
    message: expect.stringContaining('unknown: the driver has hung'),
  });
  const after = await executable.run(inputs);
  expect(after.out.data).toEqual(before.out.data);
  expect(lose.length).toBe(2);
  await backend.dispose();
});

test('every buffer is destroyed in the end, also after faults and aborted calls', async () => {
  let created = 0;
  let destroyed = 0;
  const count = (device: GPUDevice): void => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      created++;
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      let isGone = false;
      buffer.destroy = () => {
        if (!isGone) destroyed++;
        isGone = true;
        return destroy();
      };
      return buffer;
    };
  };
  await watchDevices(count);
  const backend = webgpu();
  const executable = await backend.compile(graph);
  await executable.run(inputs);
  const { out } = await executable.runOnGpu(inputs);
  const controller = new AbortController();
  const aborted = executable.run(inputs, { signal: controller.signal });
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  const wrong = { ...spec, buffer: out.buffer };
  out.buffer.destroy();
  await expect(executable.run({ x: wrong })).rejects.toMatchObject({ code: 'INTERNAL' });
  await executable.run(inputs);
  executable.dispose();
  await backend.dispose();
  expect(created).toBeGreaterThan(4);
  expect(destroyed).toBe(created);
});

test('no adapter: why, and how to get one, in a sentence', async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  try {
    const backend = webgpu({ powerPreference: 'low-power' });
    const probe = await backend.probe();
    expect(probe).toMatchObject({
      available: false,
      reason: expect.stringMatching(/^.+ found no adapter; .+ low-power$/),
    });
    await expect(backend.compile(attention(call()).graph)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    });
    await backend.dispose();
  } finally {
    Reflect.deleteProperty(navigator, 'gpu');
  }
});

test('errors of the device become typed ones', async () => {
  const { device } = gpu;
  const tooLarge = { size: 2 * gpu.limits.maxBufferSize, usage: 0x80 };
  await expect(gpu.withErrorScopes('webgpu/test', () => device.createBuffer(tooLarge))).rejects.toMatchObject(
    {
      code: expect.stringMatching(/INTERNAL|OUT_OF_MEMORY/),
    },
  );
  await expect(gpu.withErrorScopes('webgpu/test', () => Promise.reject(new Error('mine')))).rejects.toThrow(
    'mine',
  );
  expect(await gpu.withErrorScopes('webgpu/test', () => 7)).toBe(7);
});

test('more memory than the device has: OUT_OF_MEMORY', async () => {
  const { device } = gpu;
  await expect(
    gpu.withErrorScopes('webgpu/test', () => {
      for (let i = 0; i < 2; i++)
        device.createBuffer({ size: gpu.limits.maxBufferSize, usage: 0x80 }).destroy();
    }),
  ).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
});

test('free buffers are reused, and all are destroyed in the end', () => {
  const pool = new BufferPool(gpu.device);
  const [a, b] = [pool.acquire(1000), pool.acquire(1000)];
  expect(a).not.toBe(b);
  pool.release(a);
  expect(pool.acquire(900)).toBe(a);
  expect(pool.count).toBe(2);
  pool.discard(b);
  expect(pool.count).toBe(1);
  pool.release(a);
  pool.release(a);
  const c = pool.acquire(900);
  expect(c).toBe(a);
  expect(pool.acquire(900)).not.toBe(a);
  const staging = pool.acquireStaging(1000);
  expect(staging).not.toBe(a);
  pool.dispose();
  expect([pool.count, pool.bytes]).toEqual([0, 0]);
});

test('tensors that exceed a binding are unsupported, with their size', async () => {
  const backend = webgpu();
  await backend.probe();
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2 ** 20, 1024] });
  const graph = builder.build({ y: builder.relu(x) });
  await expect(backend.compile(graph)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(
      /a tensor of it takes 4294967296 bytes, and this device binds at most \d+/,
    ),
  });
  await backend.dispose();
});

test('head dims beyond the kernels are unsupported', async () => {
  const x = f32([1, 1, 2, 576], new Float32Array(1152));
  const backend = webgpu();
  await expect(backend.compile(attention({ q: x, k: x, v: x }).graph)).rejects.toThrow(
    'head dim must be ≤ 512, got 576',
  );
  await backend.dispose();
});

test('the GPU says how long it took, where it has timestamps', async () => {
  const times: number[] = [];
  const attn = await createAttn({ backends: [webgpu({ onGpuTime: (ms) => times.push(ms) })] });
  const start = performance.now();
  await attn.attention(call());
  expect(times).toHaveLength(gpu.device.features.has('timestamp-query') ? 1 : 0);
  for (const ms of times) {
    expect(ms).toBeGreaterThan(0);
    expect(ms).toBeLessThan(performance.now() - start);
  }
  await attn.dispose();
});
