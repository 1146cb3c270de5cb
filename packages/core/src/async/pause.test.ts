import { afterEach, describe, expect, test, vi } from 'vitest';
import { clock } from './clock.ts';
import { createPause, eventLoopTurn } from './pause.ts';
import { throttleProgress } from './progress.ts';
import { untilAborted } from './until-aborted.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('pause', () => {
  test('goes on at once until the interval is over', async () => {
    let now = 0;
    vi.spyOn(clock, 'now').mockImplementation(() => now);
    const pause = createPause(undefined, 'test/run');
    now = 29;
    expect(pause()).toBeUndefined();
    now = 31;
    const turn = pause();
    expect(turn).toBeInstanceOf(Promise);
    await turn;
    expect(pause()).toBeUndefined();
  });

  test('notices an abort before and during a turn', async () => {
    const controller = new AbortController();
    const pause = createPause(controller.signal, 'test/run', 0);
    const turn = pause();
    controller.abort();
    await expect(turn).rejects.toMatchObject({ code: 'ABORTED' });
    expect(pause).toThrow(expect.objectContaining({ code: 'ABORTED' }));
  });
});

describe('eventLoopTurn', () => {
  test.each([
    ['setImmediate', { setImmediate, setTimeout }],
    ['MessageChannel', { MessageChannel: globalThis.MessageChannel, setTimeout }],
    ['setTimeout', { setTimeout }],
  ])('lets timers fire, by %s', async (_, turns) => {
    let fired = false;
    setTimeout(() => (fired = true), 0);
    const deadline = performance.now() + 1000;
    while (!fired && performance.now() < deadline) await eventLoopTurn(turns);
    expect(fired).toBe(true);
  });
});

describe('untilAborted', () => {
  test('settles like the promise', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(7), signal, 'test/x')).resolves.toBe(7);
    await expect(untilAborted(Promise.reject(new Error('no')), signal, 'test/x')).rejects.toThrow('no');
    await expect(untilAborted(Promise.resolve(7), undefined, 'test/x')).resolves.toBe(7);
  });

  test('gives up at once, with the reason', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => {}), controller.signal, 'test/x');
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    await expect(untilAborted(Promise.resolve(7), controller.signal, 'test/x')).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

describe('throttleProgress', () => {
  test('at most one report in 50 ms, and always the last', () => {
    let now = 0;
    vi.spyOn(clock, 'now').mockImplementation(() => now);
    const done: number[] = [];
    const report = throttleProgress((progress) => done.push(progress.done));
    for (const [time, count] of [
      [10, 1],
      [49, 2],
      [51, 3],
      [60, 4],
      [102, 5],
      [103, 6],
    ]) {
      now = time;
      report?.({ done: count, total: 6, unit: 'tiles' });
    }
    expect(done).toEqual([3, 5, 6]);
    expect(throttleProgress(undefined)).toBeUndefined();
  });
});
