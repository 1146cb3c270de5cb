/** Predictions of attention: what they grow with. How true they are, the bench tells (`regret`). */
import { attentionProblem, causal, full, PlanCache, slidingWindow, type Pattern } from '@attn/core';
import { expect, test } from 'vitest';
import { headsPerBatch } from './batches.ts';
import { attentionMs, jobNs, REFERENCE_RATE } from './predict.ts';

interface Sizes {
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly queries?: number;
}

function planned(n: number, pattern: Pattern, { heads = 8, kvHeads = heads, queries = n }: Sizes = {}) {
  const spec = (count: number, length: number) => ({ dtype: 'f32', shape: [1, count, length, 64] }) as const;
  const inputs = { q: spec(heads, queries), k: spec(kvHeads, n), v: spec(kvHeads, n) };
  const { plan } = new PlanCache().expected(inputs, { pattern });
  return { problem: attentionProblem(inputs, { pattern }), plan };
}

function ms(
  n: number,
  pattern: Pattern,
  {
    rate = REFERENCE_RATE,
    threads = 1,
    ...sizes
  }: Sizes & { readonly rate?: number; readonly threads?: number } = {},
): number {
  const { problem, plan } = planned(n, pattern, sizes);
  return attentionMs(problem, plan, rate, threads);
}

test('dense attention costs n², a window n, causal attention half', () => {
  expect(ms(4096, full()) / ms(2048, full())).toBeCloseTo(4, 0);
  const window = slidingWindow({ before: 64, after: 64 });
  expect(ms(8192, window) / ms(4096, window)).toBeCloseTo(2, 1);
  expect(ms(2048, full()) / ms(2048, causal())).toBeGreaterThan(1.8);
});

test('an engine that is half as fast takes twice as long', () => {
  expect(ms(512, causal(), { rate: REFERENCE_RATE / 2 })).toBeCloseTo(2 * ms(512, causal()), 9);
});

test('threads help where there is enough to do', () => {
  expect(ms(1024, full()) / ms(1024, full(), { threads: 2 })).toBeGreaterThan(1.7);
  expect(ms(32, full(), { threads: 2 })).toBe(ms(32, full()));
});

test('the last task to end counts', () => {
  const all = { ns: 3e6, flops: 1e9 };
  expect(jobNs(all, 1, 1, 4)).toBe(3e6);
  expect(jobNs(all, 1, 3, 2)).toBeGreaterThanOrEqual(2e6);
  expect(jobNs(all, 1, 300, 2)).toBeLessThan(1.7e6);
  expect(jobNs({ ns: 3e6, flops: 1e6 }, 1, 300, 2)).toBe(3e6);
});

test('keys that batches of heads share are packed once a batch', () => {
  const sizes = { heads: 8, kvHeads: 1, queries: 1 };
  expect(headsPerBatch(planned(64, full()).problem, 8)).toBe(8);
  expect(headsPerBatch(planned(65_536, full(), sizes).problem, 8)).toBe(1);
  const short = ms(1024, full(), sizes);
  expect(ms(65_536, full(), sizes) / short).toBeGreaterThan(64);
});
