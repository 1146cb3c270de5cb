// Tensors that exceed a binding are cut by heads, and attention over them is right.
import { createAttn, f32, slidingWindow, type Tensor } from '@attn/core';
import { attentionReference, toReference } from '@attn/core/reference';
import { expect, test } from 'vitest';
import { GpuDevice } from '../device/gpu-device.ts';
import { ValueSlice } from '../graph/dispatch.ts';
import { webgpu } from '../index.ts';
import { memberRuns, piecesOf, type MemberSource, type Strides } from './slices.ts';

test('heads that share keys share a run as long as their slices fit into bindings', () => {
  const [heads, kvHeads, length, dim] = [4, 2, 10, 16];
  const problem = {
    batch: 1,
    heads,
    kvHeads,
    queryLength: length,
    keyLength: length,
    headDim: dim,
    valueDim: dim,
    queryOffset: 0,
    scale: 1,
    softcap: undefined,
    score: undefined,
    layout: 'bhnd',
    returnLse: false,
  } as const;
  const strides = Object.fromEntries(
    ['q', 'k', 'v', 'out'].flatMap((name) => [
      [`${name}Batch`, heads * length * dim],
      [`${name}Head`, length * dim],
      [`${name}Token`, dim],
    ]),
  ) as Strides;
  const source = (id: number, count: number): MemberSource => ({
    id,
    bytes: 4 * count * length * dim,
    elementBytes: 4,
  });
  const sources = {
    q: source(0, heads),
    k: source(1, kvHeads),
    v: source(2, kvHeads),
    out: source(3, heads),
  };
  const members = [0, 1, 2, 3];

  const [whole, ...none] = memberRuns(members, sources, strides, problem, 4096);
  expect(none).toEqual([]);
  expect(whole).toMatchObject({ count: 4, bindings: { q: 0, k: 1, v: 2, out: 3 }, params: { qFirst: 0 } });

  // A head has 640 bytes, from 0, 640, 1280, 1920 on: bindings begin at multiples of 256.
  const runs = memberRuns(members, sources, strides, problem, 1300);
  expect(runs.map(({ count }) => count)).toEqual([2, 2]);
  const { bindings, params } = runs[1];
  expect(bindings.q).toEqual(new ValueSlice(0, 1280, 1280));
  expect(bindings.k).toBe(1);
  expect(params).toEqual({ firstMember: 2, qFirst: 320, kFirst: 0, vFirst: 0, outFirst: 320 });
});

test('pieces cover a value', () => {
  const pieces = piecesOf({ id: 7, bytes: 2600 }, 1100);
  expect(pieces.map(({ offset, bytes }) => [offset, bytes])).toEqual([
    [0, 1024],
    [1024, 1024],
    [2048, 552],
  ]);
});

test('more keys than fit into a binding', async () => {
  const gpu = await GpuDevice.open({});
  const { maxStorageBufferBindingSize: limit } = gpu.limits;
  gpu.dispose();
  const [heads, queries, dim] = [2, 64, 64];
  // One and a half times what a binding holds, where that is 128 MiB, as on every software GPU.
  const keys = Math.ceil((1.5 * Math.min(limit, 2 ** 27)) / (4 * heads * dim));
  const waves = (length: number, seed: number): Float32Array<ArrayBuffer> => {
    const values = new Float32Array(heads * length * dim);
    for (let i = 0; i < values.length; i++) values[i] = ((i * seed) % 97) / 97 - 0.5;
    return values;
  };
  const q = f32([1, heads, queries, dim], waves(queries, 13));
  const [k, v] = [5, 29].map((seed) => f32([1, heads, keys, dim], waves(keys, seed)));
  const pattern = slidingWindow({ before: 40, after: 0 });
  const attn = await createAttn({ backends: [webgpu()] });
  const { out } = await attn.attention({ q, k, v, pattern });
  await attn.dispose();

  // Queries see the last keys only.
  const window = 128;
  const last = ({ data }: Tensor): Tensor => {
    const rows = [0, 1].flatMap((head) => [
      ...data.subarray(((head + 1) * keys - window) * dim, (head + 1) * keys * dim),
    ]);
    return f32([1, heads, window, dim], Float32Array.from(rows));
  };
  const inputs = { q: toReference(q), k: toReference(last(k)), v: toReference(last(v)) };
  const expected = attentionReference(inputs, { pattern })[0].data;
  const worst = Math.max(...Array.from(out.data, (value, i) => Math.abs(value - expected[i])));
  expect(worst).toBeLessThan(1e-5);
});
