/** What predictions of attention grow with. The bench tells how true they are (`regret`). */
import { causal, full, slidingWindow, type Pattern } from '@attn/core';
import { attentionProblem, PlanCache } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { DEFAULT_SPEED, parseSpeed, type CrewSpeed } from '../engine/speed.ts';
import { attentionMs, jobMs } from './predict.ts';

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

const ALONE: CrewSpeed = { ...DEFAULT_SPEED, threads: 1 };
const TWO: CrewSpeed = { ...DEFAULT_SPEED, threads: 2, gain: 1.9 };

function ms(
  n: number,
  pattern: Pattern,
  { speed = ALONE, ...sizes }: Sizes & { speed?: CrewSpeed } = {},
): number {
  const { problem, plan } = planned(n, pattern, sizes);
  return attentionMs(problem, plan, speed);
}

test('dense attention costs n², a window n, causal attention half', () => {
  expect(ms(4096, full()) / ms(2048, full())).toBeCloseTo(4, 0);
  const window = slidingWindow({ before: 64, after: 64 });
  expect(ms(8192, window) / ms(4096, window)).toBeCloseTo(2, 1);
  expect(ms(2048, full()) / ms(2048, causal())).toBeGreaterThan(1.8);
});

test('an engine that is half as fast in everything takes twice as long', () => {
  const speed = { ...ALONE, rate: DEFAULT_SPEED.rate / 2, copyNs: 2 * DEFAULT_SPEED.copyNs };
  expect(ms(512, causal(), { speed })).toBeCloseTo(2 * ms(512, causal()), 9);
});

test('copies count where there is little to compute', () => {
  const speed = { ...ALONE, copyNs: 10 * DEFAULT_SPEED.copyNs };
  const slower = (sizes: Sizes): number => ms(2048, full(), { ...sizes, speed }) / ms(2048, full(), sizes);
  expect(slower({ queries: 1 })).toBeGreaterThan(3);
  expect(slower({})).toBeLessThan(1.3);
});

test('few queries of keys in the heap neither copy nor pack', () => {
  const { problem, plan } = planned(16_384, full(), { queries: 1 });
  const inHeap = attentionMs(problem, plan, ALONE, { inHeap: true });
  expect(attentionMs(problem, plan, ALONE) / inHeap).toBeGreaterThan(1.5);
  expect(inHeap / attentionMs(problem, plan, TWO, { inHeap: true })).toBeGreaterThan(1.7);
  const many = planned(2048, full());
  expect(attentionMs(many.problem, many.plan, ALONE, { inHeap: true })).toBe(ms(2048, full()));
});

test('threads help where there is enough to do, as much as they were measured to', () => {
  expect(ms(1024, full()) / ms(1024, full(), { speed: TWO })).toBeGreaterThan(1.7);
  expect(ms(32, full(), { speed: TWO })).toBe(ms(32, full()));
  const crowd = { ...TWO, threads: 16 };
  expect(ms(1024, full()) / ms(1024, full(), { speed: crowd })).toBeLessThan(1.9);
});

test('the last task to end counts, and so does waking the helpers', () => {
  const all = { ms: 3, flops: 1e9 };
  const four = { ...DEFAULT_SPEED, threads: 4, gain: 4 };
  expect(jobMs(all, 1, 1, four)).toBe(3);
  expect(jobMs(all, 1, 3, TWO)).toBeGreaterThanOrEqual(2);
  expect(jobMs(all, 1, 300, TWO)).toBeLessThan(1.7);
  expect(jobMs(all, 1, 300, { ...TWO, wakingMs: 1 })).toBeGreaterThan(2.5);
  expect(jobMs({ ms: 3, flops: 1e6 }, 1, 300, TWO)).toBe(3);
});

test('some of the threads are as fast as their share of all', () => {
  const all = { ms: 16, flops: 1e9 };
  const crowd = { ...DEFAULT_SPEED, threads: 16, gain: 8.5, wakingMs: 0 };
  expect(jobMs(all, 1, 16, crowd)).toBeCloseTo(16 / 8.5, 9);
  expect(jobMs(all, 1, 2, crowd)).toBeCloseTo(16 / 1.5, 9);
  expect(jobMs(all, 1, 17, crowd)).toBeGreaterThan(16 / 5);
});

test.each([
  [null],
  [5e7],
  [{ rate: 5e7 }],
  [{ rate: 5e7, copyNs: 0.2, gain: 0.5, wakingMs: 0 }],
  [{ rate: 5e7, copyNs: '0.2', gain: 2, wakingMs: 0 }],
])('%j is no calibration', (json) => expect(parseSpeed(json)).toBeUndefined());

test('keys that query heads share count once', () => {
  const decode = { heads: 32, queries: 1 };
  const shared = ms(8192, full(), { ...decode, kvHeads: 8 });
  expect(ms(8192, full(), decode) / shared).toBeGreaterThan(3);
});
