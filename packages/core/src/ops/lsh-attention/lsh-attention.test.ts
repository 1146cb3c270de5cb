import { describe, expect, test } from 'vitest';
import { checkNodeData } from '../../host/node-data.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import { i32, f32, type TensorSpec } from '../../tensor.ts';
import { ops } from '../index.ts';
import { expectError, reference, spec } from '../ops.testing.ts';
import { references } from '../references.ts';
import { lshPairs } from './pairs.ts';
import type { LshAttentionAttributes } from './spec.ts';

const { lshAttention } = ops;

function infer(more: Record<string, TensorSpec> = {}, attributes: Partial<LshAttentionAttributes> = {}) {
  const inputs = {
    q: spec([2, 3, 10, 4]),
    v: spec([2, 3, 10, 6]),
    order: spec([2, 3, 5, 10], 'i32'),
    ...more,
  };
  return lshAttention.infer(inputs, { chunkLength: 4, ...attributes });
}

/** The keys that token `i` meets, over tokens in this order in each round. */
function keysOf(
  i: number,
  orders: readonly (readonly number[])[],
  attributes: LshAttentionAttributes,
): number[] {
  const length = orders[0].length;
  const shape = [1, 1, length, 1];
  const order = { shape: [1, 1, orders.length, length], data: orders.flat() };
  const empty = { shape, data: [] };
  return lshPairs({ q: empty, v: empty, order }, attributes)(0, 0)(i).map(({ key }) => key);
}

describe('outputs', () => {
  test('out is like q with the value dim, lse f32', () => {
    expect(infer({}, { returnLse: true })).toEqual([spec([2, 3, 10, 6]), spec([2, 3, 10])]);
    const swapped = { q: spec([2, 10, 3, 4], 'f16'), v: spec([2, 10, 3, 6], 'f16') };
    expect(infer(swapped, { layout: 'bnhd' })).toEqual([spec([2, 10, 3, 6], 'f16')]);
  });
});

describe('who meets whom', () => {
  const order = [[5, 4, 3, 2, 1, 0]];

  test('the chunk and the one before it', () => {
    expect(keysOf(3, order, { chunkLength: 2 })).toEqual([5, 4, 2]);
    expect(keysOf(5, order, { chunkLength: 2 })).toEqual([4]);
    expect(keysOf(5, order, { chunkLength: 2, chunksBefore: 0, chunksAfter: 1 })).toEqual([4, 3, 2]);
  });

  test('in a cycle the first chunk sees the last, of the round before', () => {
    expect(keysOf(5, order, { chunkLength: 2, wrap: true })).toEqual([1, 0, 4]);
    const rounds = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
    ];
    expect(keysOf(0, rounds, { chunkLength: 2, wrap: true })).toEqual([1, 1, 3, 2, 1]);
    expect(keysOf(0, rounds, { chunkLength: 2 })).toEqual([1, 3, 2, 1]);
    expect(keysOf(0, rounds, { chunkLength: 2, duplicates: 'once' })).toEqual([1, 3, 2]);
  });

  test('two chunks that are before and after each other count twice in a cycle alone', () => {
    const two = [[0, 1, 2, 3]];
    expect(keysOf(0, two, { chunkLength: 2, chunksAfter: 1 })).toEqual([1, 2, 3]);
    expect(keysOf(0, two, { chunkLength: 2, chunksAfter: 1, wrap: true })).toEqual([2, 3, 1, 2, 3]);
  });

  test('earlier tokens only, by their positions', () => {
    expect(keysOf(1, order, { chunkLength: 3, wrap: true, causal: true })).toEqual([0]);
  });
});

test('a token that sees no other is its own value; one that is hidden is 0', () => {
  const inputs = {
    q: reference([1, 1, 3, 1], [1, 2, 3]),
    v: reference([1, 1, 3, 1], [10, 20, 30]),
    order: reference([1, 1, 1, 3], [0, 1, 2]),
    keyMask: reference([1, 3], [1, 1, 0]),
  };
  const [out, lse] = references.lshAttention(inputs, { chunkLength: 3, causal: true, returnLse: true });
  expect([...out.data]).toEqual([10, 10, 0]);
  expect(lse.data[0]).toBe(-Infinity);
  expect(lse.data[1]).toBeCloseTo(2, 5);
  expect(lse.data[2]).toBe(-Infinity);
});

describe('says what does not fit', () => {
  test.each([
    [{ chunkLength: 0 }, 'chunkLength must be an integer from 1 to 2147483647, got 0'],
    [{ chunksBefore: -1 }, 'chunksBefore must be an integer from 0 to 65535, got -1'],
    [{ scale: NaN }, 'scale must be a finite number, got NaN'],
    [{ duplicates: 'once', wrap: true }, "duplicates 'once' needs wrap false, got true"],
    [{ duplicates: 'lucidrains' }, "duplicates 'lucidrains' needs wrap true, got false"],
  ] as const)('%j', (attributes, message) => {
    expectError(() => infer({}, attributes), 'INVALID_ARGUMENT', `lshAttention: ${message}`);
  });

  test('shapes', () => {
    expectError(
      () => infer({ v: spec([2, 3, 9, 4]) }),
      'INVALID_SHAPE',
      'lshAttention: v must be the shape of q but for its last axis = [2, 3, 10, 4], got [2, 3, 9, 4]',
    );
    expectError(
      () => infer({ order: spec([2, 3, 0, 10], 'i32') }),
      'INVALID_SHAPE',
      'lshAttention: order must be [batch, heads, rounds ≥ 1, tokens], got [2, 3, 0, 10]',
    );
    expectError(
      () => infer({}, { withinBuckets: true }),
      'MISSING_INPUT',
      'lshAttention: withinBuckets needs the input buckets',
    );
  });

  test('an order that is none', () => {
    const builder = new GraphBuilder();
    const [q, v] = ['q', 'v'].map((name) => builder.input(name, spec([1, 1, 3, 1])));
    const order = builder.input('order', spec([1, 1, 1, 3], 'i32'));
    const { out } = builder.lshAttention({ q, v, order }, { chunkLength: 2 });
    const [node] = builder.build({ out }).nodes;
    const check = (data: number[]) => () =>
      checkNodeData(node, { q: f32([1, 1, 3, 1], [1, 2, 3]), order: i32([1, 1, 1, 3], data) });
    const sentence = 'lshAttention: each row of order must be a permutation of [0, 3), got';
    expectError(check([0, 1, 3]), 'INVALID_ARGUMENT', `${sentence} 3 in row 0`);
    expectError(check([0, 1, 1]), 'INVALID_ARGUMENT', `${sentence} 1 twice in row 0`);
    expect(check([2, 0, 1])).not.toThrow();
  });
});
