import { AttnError, causal, slidingWindow, type Progress } from '@attn/core';
import { attention } from '@attn/core';
import { expect, test } from 'vitest';
import { cpu } from '../index.ts';
import { random } from '../tensors.testing.ts';
import { checkAttention, runAttention } from './check.testing.ts';

const call = {
  q: random([1, 2, 500, 32], 1),
  k: random([1, 2, 500, 32], 2),
  v: random([1, 2, 500, 32], 3),
  pattern: causal(),
};

test('an abort in the middle of a long call ends it soon, and the next call works', async () => {
  const long = {
    q: random([1, 8, 4096, 64], 1),
    k: random([1, 8, 4096, 64], 2),
    v: random([1, 8, 4096, 64], 3),
  };
  const executable = await cpu().compile(attention(long).graph);
  const controller = new AbortController();
  let abortedAt = 0;
  setTimeout(() => {
    abortedAt = performance.now();
    controller.abort();
  }, 50);
  const running = executable.run(attention(long).inputs, { signal: controller.signal });
  await expect(running).rejects.toMatchObject({ name: 'AttnError', code: 'ABORTED' });
  expect(abortedAt).toBeGreaterThan(0);
  executable.dispose();
  await checkAttention(call);
}, 20_000);

test('a call whose signal is already aborted does not start', async () => {
  await expect(runAttention(call, { signal: AbortSignal.abort() })).rejects.toThrow(AttnError);
});

test('progress grows to the total', async () => {
  const events: Progress[] = [];
  await runAttention(call, { onProgress: (progress) => events.push(progress) });
  expect(events.length).toBeGreaterThan(0);
  const last = events[events.length - 1];
  expect(last).toEqual({ done: last.total, total: last.total, unit: 'tiles' });
  expect(events.every(({ done }, i) => i === 0 || done > events[i - 1].done)).toBe(true);
});

test('inputs are not written to, and overlapping runs do not disturb each other', async () => {
  const copies = [call.q, call.k, call.v].map(({ data }) => data.slice());
  const executable = await cpu().compile(attention(call).graph);
  const [first, second] = await Promise.all([
    executable.run(attention(call).inputs),
    executable.run(attention(call).inputs),
  ]);
  expect(first.out.data).toEqual(second.out.data);
  expect([call.q, call.k, call.v].map(({ data }) => data)).toEqual(copies);
});

test('more keys than the store of converted tiles holds', async () => {
  const sizes = [1, 1, 3000, 256];
  await checkAttention({
    q: random([1, 1, 130, 256], 1),
    k: random(sizes, 2),
    v: random(sizes, 3),
    pattern: slidingWindow({ before: 2500, after: 0 }),
  });
});
