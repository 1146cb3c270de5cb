// Tensors that stay on the device from one graph to the next, and buffers that are refused.
import { attention, f32, GraphBuilder, slidingWindow } from '@attn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GpuDevice } from '../device/gpu-device.ts';
import { webgpu, type GpuBackend } from '../index.ts';

const STORAGE = 0x80;
const shape = [1, 2, 90, 8];
const tensor = (seed: number) =>
  f32(
    shape,
    Float32Array.from({ length: 1440 }, (_, i) => Math.sin((i + 1) * seed)),
  );
const call = {
  q: tensor(1.1),
  k: tensor(0.7),
  v: tensor(0.3),
  pattern: slidingWindow({ before: 9, after: 4 }),
};

let gpu: GpuDevice;
let backend: GpuBackend;
beforeAll(async () => {
  gpu = await GpuDevice.open({});
  backend = webgpu({ device: gpu.device });
});
afterAll(async () => {
  await backend.dispose();
  gpu.dispose();
});

function buffer(data: Float32Array<ArrayBuffer>, usage = STORAGE): GPUBuffer {
  const result = gpu.device.createBuffer({ size: data.byteLength, usage: usage | 0x8 });
  gpu.device.queue.writeBuffer(result, 0, data);
  return result;
}

test('buffers in, buffers through, and the same numbers out', async () => {
  const executable = await backend.compile(attention(call).graph);
  const { out: expected } = await executable.run(attention(call).inputs);
  const q = { dtype: 'f32', shape, buffer: buffer(call.q.data as Float32Array<ArrayBuffer>) } as const;
  const { out } = await executable.runOnGpu({ ...attention(call).inputs, q });
  expect(out).toMatchObject({ dtype: 'f32', shape });

  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape });
  const double = await backend.compile(builder.build({ y: builder.add(x, x), again: x, twice: x }));
  const { y } = await double.run({ x: expected });
  expect((await double.run({ x: out })).y).toEqual(y);
  const onGpu = await double.runOnGpu({ x: out });
  // An output that is also an input is copied.
  expect(new Set([out.buffer, ...Object.values(onGpu).map((tensor) => tensor.buffer)]).size).toBe(4);
  const { y: four } = await double.run({ x: y });
  const back = await backend.compile(builder.build({ y: builder.add(x, x) }));
  expect((await back.runOnGpu({ x: onGpu.y })).y.buffer.size).toBeGreaterThanOrEqual(1440 * 4);
  expect(four.data[5]).toBeCloseTo(4 * expected.data[5], 5);
  expect(await readBack(onGpu.y.buffer)).toEqual(y.data);
  expect(await readBack(onGpu.again.buffer)).toEqual(expected.data);
  for (const result of [out, ...Object.values(onGpu)]) result.dispose();
});

test('outputs that stay on the device take no tensors of the host', async () => {
  const executable = await backend.compile(attention(call).graph);
  const outputs = { out: f32(shape, new Float32Array(1440)) };
  await expect(executable.runOnGpu(attention(call).inputs, { outputs })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('outputs stay on the GPU'),
  });
  expect((await executable.run(attention(call).inputs, { outputs })).out).toBe(outputs.out);
});

test('a result that is disposed twice returns its buffer once, whoever uses it by then', async () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape });
  const own = webgpu({ device: gpu.device });
  const double = await own.compile(builder.build({ y: builder.add(x, x) }));
  const run = async () => (await double.runOnGpu({ x: call.q })).y;
  const first = await run();
  first.dispose();
  const held = [await run(), await run(), await run()];
  expect(held.map((tensor) => tensor.buffer)).toContain(first.buffer);
  first.dispose();
  first[Symbol.dispose]();
  held.push(await run(), await run());
  expect(new Set(held.map((tensor) => tensor.buffer)).size).toBe(5);
  await own.dispose();
});

test('`using` returns the buffer of a result at the end of its block', async () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape });
  const own = webgpu({ device: gpu.device });
  const double = await own.compile(builder.build({ y: builder.add(x, x) }));
  let buffer: unknown;
  {
    using y = (await double.runOnGpu({ x: call.q })).y;
    buffer = y.buffer;
  }
  expect((await double.runOnGpu({ x: call.q })).y.buffer).toBe(buffer);
  await own.dispose();
});

async function readBack(source: GPUBuffer): Promise<Float32Array> {
  const staging = gpu.device.createBuffer({ size: 1440 * 4, usage: 0x1 | 0x8 });
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, 1440 * 4);
  gpu.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  return new Float32Array(staging.getMappedRange().slice(0));
}

describe('buffers that are refused', () => {
  const data = call.q.data as Float32Array<ArrayBuffer>;
  const run = async (inputs: object) => {
    const executable = await backend.compile(attention(call).graph);
    return executable.runOnGpu({ ...attention(call).inputs, ...inputs });
  };
  test('a shape', async () => {
    const q = { dtype: 'f32', shape: [1, 2, 8, 90], buffer: buffer(data) };
    await expect(run({ q })).rejects.toThrow('input q must be [1, 2, 90, 8], got [1, 2, 8, 90]');
  });
  test('a dtype', async () => {
    await expect(run({ q: { dtype: 'i32', shape, buffer: buffer(data) } })).rejects.toThrow(
      'input q must be f32, got',
    );
  });
  test('a buffer that is too small', async () => {
    const q = { dtype: 'f32', shape, buffer: buffer(data.slice(4)) };
    await expect(run({ q })).rejects.toThrow('the buffer of input q must have 5760 bytes, got 5744');
  });
  test('a buffer without the usage', async () => {
    const q = { dtype: 'f32', shape, buffer: buffer(data, 0x4) };
    await expect(run({ q })).rejects.toThrow('the buffer of input q must have the usage STORAGE, got 12');
  });
  test('a mask that decides on the plan', async () => {
    const keyMask = { dtype: 'bool', shape: [1, 90], data: new Uint8Array(90).fill(1) } as const;
    const masked = await backend.compile(attention({ ...call, keyMask }).graph);
    const onGpu = { dtype: 'bool', shape: [1, 90], buffer: buffer(new Float32Array(90)) } as const;
    await expect(masked.runOnGpu({ ...attention(call).inputs, keyMask: onGpu })).rejects.toThrow(
      'input keyMask decides on a pattern and must be a tensor of the host, got a GPUBuffer',
    );
  });
});
