import {
  bool,
  causal,
  f32,
  full,
  globalTokens,
  i32,
  or,
  slidingWindow,
  type AttentionCall,
} from '@attn/core';
import { describe, expect, test } from 'vitest';
import { random } from '../tensors.testing.ts';
import { checkAttention } from './check.testing.ts';

/** Random q, k and v of these sizes. */
function qkv(sizes: {
  batch?: number;
  heads?: number;
  kvHeads?: number;
  queries: number;
  keys?: number;
  dim?: number;
  valueDim?: number;
  dtype?: 'f32' | 'f16';
}): Pick<AttentionCall, 'q' | 'k' | 'v'> {
  const {
    batch = 1,
    heads = 2,
    kvHeads = heads,
    queries,
    keys = queries,
    dim = 16,
    valueDim = dim,
    dtype,
  } = sizes;
  return {
    q: random([batch, heads, queries, dim], 1, dtype),
    k: random([batch, kvHeads, keys, dim], 2, dtype),
    v: random([batch, kvHeads, keys, valueDim], 3, dtype),
  };
}

const window = slidingWindow({ before: 20, after: 20 });

describe('agrees with the float64 reference', () => {
  test.each([
    ['one query, one key', qkv({ queries: 1 })],
    ['one query, many keys', qkv({ queries: 1, keys: 300 })],
    ['ragged row blocks and columns', qkv({ queries: 67, keys: 131 })],
    ['causal, two tiles', { ...qkv({ queries: 128 }), pattern: causal() }],
    ['causal, ragged', { ...qkv({ queries: 150, batch: 2 }), pattern: causal() }],
    ['causal, fewer queries than keys', { ...qkv({ queries: 5, keys: 200 }), pattern: causal() }],
    ['a window', { ...qkv({ queries: 300 }), pattern: window }],
    [
      'a dilated window, reordered',
      { ...qkv({ queries: 300 }), pattern: slidingWindow({ before: 40, after: 0, dilation: 4 }) },
    ],
    ['a window and global tokens', { ...qkv({ queries: 300 }), pattern: or(window, globalTokens([0, 150])) }],
    ['head dim 1', qkv({ queries: 70, dim: 1 })],
    ['head dim 5, value dim 3', qkv({ queries: 70, dim: 5, valueDim: 3 })],
    ['head dim 33, value dim 129', qkv({ queries: 70, dim: 33, valueDim: 129 })],
    ['head dim 320', qkv({ queries: 70, dim: 320 })],
    ['grouped heads', { ...qkv({ batch: 2, heads: 6, kvHeads: 2, queries: 100 }), pattern: causal() }],
    ['scale', { ...qkv({ queries: 70 }), scale: 3 }],
    ['soft cap', { ...qkv({ queries: 70 }), scale: 3, softcap: 0.7 }],
    ['no keys', qkv({ queries: 3, keys: 0 })],
    ['no queries', qkv({ queries: 0, keys: 3 })],
    ['no batch', qkv({ batch: 0, queries: 3 })],
  ] as [string, AttentionCall][])('%s', async (_, call) => {
    await checkAttention(call);
  });

  test('f16 in and out', async () => {
    const call = { ...qkv({ queries: 100, dtype: 'f16' }), pattern: window };
    const { out } = await checkAttention(call, 2 ** -11);
    expect(out.dtype).toBe('f16');
  });

  test('layout bnhd', async () => {
    await checkAttention({
      q: random([2, 70, 4, 8], 1),
      k: random([2, 90, 2, 8], 2),
      v: random([2, 90, 2, 6], 3),
      layout: 'bnhd',
      pattern: causal(),
    });
  });

  test('biases: dense and broadcast, ALiBi, relative, with a query offset', async () => {
    const call = { ...qkv({ batch: 2, queries: 70, keys: 90 }), pattern: causal(), queryOffset: 7 };
    await checkAttention({ ...call, bias: random([2, 2, 70, 90], 4) });
    await checkAttention({ ...call, bias: random([70, 1], 4) });
    await checkAttention({ ...call, bias: random([2, 1, 1, 90], 4) });
    await checkAttention({ ...call, alibiSlopes: f32([2], [0.5, 0.1]) });
    await checkAttention({ ...call, alibiSlopes: random([2, 2], 4) });
    await checkAttention({ ...call, relativeBias: random([2, 21], 4) });
    await checkAttention({
      ...call,
      softcap: 0.5,
      bias: random([90], 4),
      alibiSlopes: random([2], 5),
      relativeBias: random([2, 1], 6),
    });
  });

  test('separate projections of global tokens', async () => {
    const global = qkv({ queries: 200, dim: 8 });
    await checkAttention({
      ...qkv({ queries: 200, dim: 8 }),
      qGlobal: random(global.q.shape, 11),
      kGlobal: random(global.k.shape, 12),
      vGlobal: random(global.v.shape, 13),
      pattern: or(window, globalTokens([3, 77, 199])),
    });
  });

  test('key masks, query masks and lengths', async () => {
    const call = { ...qkv({ batch: 2, queries: 100 }), pattern: window };
    const mask = bool(
      [2, 100],
      Array.from({ length: 200 }, (_, i) => i % 7 !== 0 && i < 160),
    );
    await checkAttention({ ...call, keyMask: mask });
    await checkAttention({ ...call, queryMask: mask });
    await checkAttention({ ...call, keyMask: bool([2, 100], new Array(200).fill(false)) });
    await checkAttention({
      ...call,
      globalMask: bool(
        [2, 100],
        Array.from({ length: 200 }, (_, i) => i % 90 === 5),
      ),
    });
    const ids = Array.from({ length: 200 }, (_, i) => (i * 5) % 3);
    await checkAttention({ ...call, segmentIds: i32([2, 100], ids), pattern: full() });
  });
});

describe('what is not finite', () => {
  /** A call of 100 queries over 2 tiles of keys, with a change of one number of an input. */
  function changed(
    name: 'q' | 'k' | 'v',
    row: number,
    value: number,
    more: Partial<AttentionCall> = {},
  ): AttentionCall {
    const call = qkv({ queries: 100, heads: 1, dim: 4 });
    call[name].data[row * 4 + 2] = value;
    return { ...call, pattern: causal(), ...more };
  }

  test.each(['q', 'k', 'v'] as const)(
    'NaN in %s reaches the rows that see it and no others',
    async (name) => {
      for (const row of [0, 40, 63, 64, 99]) {
        const { out } = await checkAttention(changed(name, row, NaN));
        const nanRows = Array.from({ length: 100 }, (_, i) => Number.isNaN(out.data[i * 4 + 2]));
        expect(nanRows).toEqual(nanRows.map((_, i) => (name === 'q' ? i === row : i >= row)));
      }
    },
  );

  test.each([Infinity, -Infinity])('%d in q, k and v does what float64 does', async (value) => {
    for (const row of [0, 40, 64]) {
      await checkAttention(changed('q', row, value));
      await checkAttention(changed('k', row, value));
      await checkAttention(changed('v', row, value));
    }
  });

  test('a NaN that only few queries see', async () => {
    const call = changed('v', 50, NaN);
    const few = { ...call, q: random([1, 1, 3, 4], 1), queryOffset: 49 };
    const { out } = await checkAttention(few);
    expect([0, 1, 2].map((i) => Number.isNaN(out.data[i * 4 + 2]))).toEqual([false, true, true]);
  });

  test('a NaN score in a row that sees nothing else', async () => {
    const bias = new Float32Array(100).fill(-Infinity);
    bias[70] = NaN;
    await checkAttention({ ...qkv({ queries: 100, heads: 1 }), bias: f32([100], bias) });
  });

  test('a bias of −∞ hides a pair, also from NaN and ∞ in its value', async () => {
    for (const value of [NaN, Infinity]) {
      const bias = new Float32Array(100);
      bias[30] = -Infinity;
      const { out } = await checkAttention(changed('v', 30, value, { bias: f32([100], bias) }));
      expect(out.data.every(Number.isFinite)).toBe(true);
    }
  });

  test('rows whose every logit is −∞ give 0 and −∞', async () => {
    const bias = f32(
      [100, 1],
      Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? -Infinity : 0)),
    );
    const { lse } = await checkAttention({ ...qkv({ queries: 100, heads: 1 }), bias });
    expect(lse.data[0]).toBe(-Infinity);
  });

  test('logits of very different size', async () => {
    const call = qkv({ queries: 200, heads: 1 });
    await checkAttention({ ...call, scale: 300 });
    await checkAttention({
      ...call,
      bias: f32(
        [200],
        Array.from({ length: 200 }, (_, i) => (i - 100) * 30),
      ),
    });
    await checkAttention({
      ...call,
      bias: f32(
        [200],
        Array.from({ length: 200 }, (_, i) => (100 - i) * 30),
      ),
    });
  });
});
