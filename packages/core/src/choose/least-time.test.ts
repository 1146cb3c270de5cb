import { expect, test } from 'vitest';
import { leastTime, repeatFor } from './least-time.ts';
import { isPlausible, plausible } from './plausible.ts';
import { workClock } from './work-clock.ts';

/** A clock that a task moves. */
function clockwork(durations: (run: number) => number) {
  const state = { now: 0, runs: 0 };
  const task = async () => void (state.now += durations(state.runs++));
  return { state, task, clock: () => state.now };
}

test('the least time counts, and the first run does not', async () => {
  const { task, clock, state } = clockwork((run) => [0.5, 9, 4, 3, 7, 3, 5, 6, 4][run] ?? 8);
  expect(await leastTime(task, { clock, most: 1000 })).toBe(3);
  expect(state.runs).toBe(8);
});

test('short tasks are repeated until the clock can tell', async () => {
  const { task, clock } = clockwork(() => 0.001);
  expect(await leastTime(task, { clock })).toBeCloseTo(0.001, 6);
});

test('a clock that moves in steps is read after enough runs', async () => {
  const { task, state } = clockwork(() => 1.2);
  const steps = () => 15.625 * Math.floor(state.now / 15.625);
  const least = await leastTime(task, { clock: steps });
  expect(least).toBeGreaterThan(0.9);
  expect(least).toBeLessThan(1.5);
});

test('a clock that stands still is an error', async () => {
  await expect(leastTime(async () => {}, { clock: () => 7 })).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a clock that is set back and forth is waited for no longer', async () => {
  const times = [0, 5, 3, 3_600_000, 3_600_001, 2, 1, 0];
  let calls = 0;
  const clock = () => times[calls++ % times.length];
  expect(await leastTime(async () => {}, { clock }).catch(({ code }) => code)).toBeDefined();
  let now = 0;
  await expect(leastTime(async () => {}, { clock: () => (now -= 1) })).rejects.toMatchObject({
    code: 'INTERNAL',
  });
});

test('a short task is repeated until so much time has passed, and not for ever', () => {
  let now = 0;
  expect(
    repeatFor(
      2,
      () => (now += 0.75),
      () => now,
    ),
  ).toEqual({ runs: 3, milliseconds: 2.25 });
  expect(() =>
    repeatFor(
      2,
      () => {},
      () => 7,
    ),
  ).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  expect(() =>
    repeatFor(
      2,
      () => (now -= 1),
      () => now,
    ),
  ).toThrow('the clock stands still');
});

test('numbers that no machine has are not believed', () => {
  for (const value of [NaN, 0, -1, Infinity, 5e9, 4, '4e6', undefined])
    expect(isPlausible(value, 4e6)).toBe(false);
  expect(isPlausible(3e7, 4e6)).toBe(true);
  expect(plausible(3e7, 4e6, 'test')).toBe(3e7);
  expect(() => plausible(NaN, 4e6, 'test/x')).toThrow('[attn/test] x: expected a speed within 1000 times');
});

test('looking ends', async () => {
  const { task, clock, state } = clockwork((run) => 100 - 10 * run);
  expect(await leastTime(task, { clock, most: 16 })).toBe(70);
  expect(state.runs).toBe(4);
});

test('the clock of work runs while something is computed', () => {
  const start = workClock();
  const end = performance.now() + 50;
  let sum = 0;
  while (performance.now() < end) sum += Math.sqrt(sum + 1);
  expect(sum).toBeGreaterThan(0);
  expect(workClock()).toBeGreaterThan(start);
});
