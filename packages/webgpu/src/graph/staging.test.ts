// Results on their way to the host: how they are packed into staging buffers.
import { f32, GraphBuilder } from '@attn/core';
import { expect, test } from 'vitest';
import { watchDevices } from '../device/watch-devices.testing.ts';
import { webgpu } from '../index.ts';
import { placeResults } from './staging.ts';

test('results are packed in order, into as many buffers as needed', () => {
  expect(placeResults([], 1024)).toEqual({ places: [], totals: [] });
  const { places, totals } = placeResults([100, 600, 0, 256, 2000, 8], 1024);
  expect(places).toEqual([
    { buffer: 0, offset: 0, bytes: 100 },
    { buffer: 0, offset: 256, bytes: 600 },
    { buffer: 1, offset: 0, bytes: 0 },
    { buffer: 1, offset: 256, bytes: 256 },
    { buffer: 2, offset: 0, bytes: 2000 },
    { buffer: 3, offset: 0, bytes: 8 },
  ]);
  expect(totals).toEqual([1024, 512, 2048, 256]);
});

test('outputs that are larger together than the largest buffer', async () => {
  const sizes: number[] = [];
  await watchDevices((device) => {
    const { limits } = device;
    const small = new Proxy(limits, {
      get: (target, name) => (name === 'maxBufferSize' ? 1024 : Reflect.get(target, name, target)),
    });
    Object.defineProperty(device, 'limits', { value: small });
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      sizes.push(descriptor.size);
      return create(descriptor);
    };
  });
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [200] });
  const graph = builder.build({ a: builder.relu(x), b: builder.add(x, x), c: builder.mul(x, x) });
  const backend = webgpu();
  const executable = await backend.compile(graph);
  const input = f32(
    [200],
    Float32Array.from({ length: 200 }, (_, i) => i - 100),
  );
  const { a, b, c } = await executable.run({ x: input });
  expect([a.data[150], b.data[150], c.data[150]]).toEqual([50, 100, 2500]);
  expect([a.data[0], b.data[0], c.data[0]]).toEqual([0, -200, 10_000]);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1024);
  await backend.dispose();
});
