// Few queries and many keys: workgroups share the keys, and the merged result is right.
import { causal, createAttn, f32, full, slidingWindow, type AttentionCall, type Tensor } from '@attn/core';
import { attentionReference, toReference } from '@attn/core/reference';
import { afterAll, expect, test } from 'vitest';
import { webgpu } from '../index.ts';

const attn = await createAttn({ backends: [webgpu()] });
afterAll(() => attn.dispose());

const [heads, keys, dim] = [2, 1500, 12];
const waves = (length: number, seed: number): Tensor => {
  const data = Float32Array.from({ length: heads * length * dim }, (_, i) => Math.sin((i + 1) * seed));
  return f32([1, heads, length, dim], data);
};

function callOf(queries: number, more: Partial<AttentionCall>): AttentionCall {
  return { q: waves(queries, 1.7), k: waves(keys, 0.37), v: waves(keys, 0.91), returnLse: true, ...more };
}

const keyMask: Tensor = {
  dtype: 'bool',
  shape: [1, keys],
  data: new Uint8Array(keys).fill(0, 0, 1000).fill(1, 1000),
};
const nothing: Tensor = { dtype: 'bool', shape: [1, keys], data: new Uint8Array(keys) };

test.each<[string, AttentionCall]>([
  ['one query', callOf(1, { pattern: full() })],
  ['a few, causal', callOf(9, { pattern: causal() })],
  ['a window', callOf(70, { pattern: slidingWindow({ before: 700, after: 0 }) })],
  ['whole splits see nothing', callOf(3, { pattern: full(), keyMask })],
  ['no split sees anything', callOf(3, { pattern: full(), keyMask: nothing })],
])('%s', async (_name, call) => {
  const { out, lse } = await attn.attention(call);
  const { pattern = full(), q, k, v } = call;
  const inputs = { q: toReference(q), k: toReference(k), v: toReference(v) };
  const mask = call.keyMask && { keyMask: toReference(call.keyMask) };
  const expected = attentionReference({ ...inputs, ...mask }, { pattern, returnLse: true });
  [out, lse].forEach((tensor, index) => {
    const { data } = expected[index];
    tensor?.data.forEach((value, i) => {
      if (Number.isFinite(data[i])) expect(Math.abs(value - data[i])).toBeLessThan(2e-5);
      else expect(value).toBe(data[i]);
    });
  });
});
