// What modules compute, by hand, where goldens do not show it.
import { f32 } from '@attn/core';
import { expect, test } from 'vitest';
import { batchEmbedding } from './batch-embedding.ts';
import type { PoolingMode } from './pooling.ts';
import type { SentenceSettings } from './settings.ts';
import { SpladePool } from './splade.ts';
import { applyModules, type DenseActivation } from './vector-modules.ts';

const states = f32([2, 4, 2], [9, 9, 1, 2, 3, -4, 9, 9, 9, 9, 5, 6, 9, 9, 7, 0]);
const mask = [0, 1, 1, 0, 0, 1, 0, 1];

function settingsOf(pooling: PoolingMode): SentenceSettings {
  return {
    pipeline: { kind: 'vectors', pooling: [pooling], includePrompt: true, modules: [] },
    prompts: { byName: new Map(), defaultName: undefined },
    similarity: 'cosine',
    dimensions: undefined,
    maxLength: undefined,
    side: 'right',
  };
}

// Padding on either side and within: places count from the first token.
test.each([
  ['cls', [1, 2, 5, 6]],
  ['max', [3, 2, 7, 6]],
  ['mean', [2, -1, 6, 3]],
  ['mean_sqrt_len_tokens', [4, -2, 12, 6].map((value) => value / Math.SQRT2)],
  ['weightedmean', [7 / 3, -6 / 3, 26 / 4, 6 / 4]],
  ['lasttoken', [3, -4, 7, 0]],
] as const)('%s of a batch', (mode, expected) => {
  const embedding = batchEmbedding(settingsOf(mode), { last_hidden_state: states }, mask);
  expect(embedding?.shape).toEqual([2, 2]);
  for (const [i, value] of Array.from(embedding?.data ?? []).entries())
    expect(value).toBeCloseTo(expected[i], 6);
});

test('of a row without tokens there is nothing', () => {
  const embedding = batchEmbedding(
    settingsOf('mean'),
    { last_hidden_state: states },
    [1, 1, 1, 1, 0, 0, 0, 0],
  );
  expect([...(embedding?.data ?? [])].slice(2)).toEqual([0, 0]);
});

test.each<[DenseActivation, number]>([
  ['identity', -1.5],
  ['tanh', Math.tanh(-1.5)],
  ['relu', 0],
  ['gelu', -0.10021080076694489],
  ['sigmoid', 1 / (1 + Math.exp(1.5))],
  ['silu', -1.5 / (1 + Math.exp(1.5))],
])('Dense with %s', (activation, expected) => {
  const weight = f32([1, 2], [1, -2]);
  const { shape, data } = applyModules(
    [{ kind: 'dense', weight, bias: f32([1], [0.5]), activation }],
    f32([1, 2], [2, 2]),
  );
  expect(shape).toEqual([1, 1]);
  expect(data[0]).toBeCloseTo(expected, 6);
});

test('SpladePooling: the greatest weight or the sum, of one logarithm or two', () => {
  const weightsOf = (strategy: 'max' | 'sum', logarithms: 1 | 2): number[] => {
    const pool = new SpladePool({ strategy, logarithms }, 2);
    pool.add([1, -3], 1);
    pool.add([3, -1], 1);
    return [...pool.vector()];
  };
  expect(weightsOf('max', 1)).toEqual([Math.log(4), 0]);
  expect(weightsOf('max', 2)).toEqual([Math.log1p(Math.log1p(3)), 0]);
  expect(weightsOf('sum', 1)[0]).toBeCloseTo(Math.log(2) + Math.log(4), 12);
  expect(weightsOf('sum', 2)[0]).toBeCloseTo(Math.log1p(Math.log(2)) + Math.log1p(Math.log(4)), 12);
});
