import { afterEach, describe, expect, test, vi } from 'vitest';
import { clock, onHostTimers } from './clock.ts';
import { createPause, eventLoopTurn } from './pause.ts';

afterEach(() => void vi.useRealTimers());

describe('the clock and the timers of the host', () => {
  test('run on when a test has put its own in place of the global ones', async () => {
    vi.useFakeTimers();
    const [faked, before] = [performance.now(), clock.now()];
    await clock.sleep(5);
    await eventLoopTurn();
    await createPause(undefined, 'test', 0)();
    await new Promise<void>((resolve) => {
      const timer = clock.setInterval(() => {
        clock.clearInterval(timer);
        resolve();
      }, 1);
    });
    const never = clock.setTimeout(() => expect.unreachable(), 1);
    clock.clearTimeout(never);
    await clock.sleep(5);
    expect(clock.now()).toBeGreaterThan(before + 5);
    expect(performance.now()).toBe(faked);
  });
});

describe('work of a library that looks for setImmediate', () => {
  /** Waits as onnxruntime-node does. */
  const work = () =>
    new Promise<string>((resolve) => setImmediate(() => setImmediate(() => resolve('done'))));

  test('comes to its end, and the test has its own again', async () => {
    vi.useFakeTimers();
    const fake = globalThis.setImmediate;
    const both = [onHostTimers(work), onHostTimers(() => Promise.reject(new Error('no')))];
    expect(globalThis.setImmediate).not.toBe(fake);
    expect(await Promise.allSettled(both)).toMatchObject([{ value: 'done' }, { reason: { message: 'no' } }]);
    expect(globalThis.setImmediate).toBe(fake);
  });

  test('touches nothing where nothing was replaced', async () => {
    const { setImmediate: own } = globalThis;
    const working = onHostTimers(work);
    expect(globalThis.setImmediate).toBe(own);
    expect(await working).toBe('done');
  });

  test('puts nothing back when the test has ended its timers in the meantime', async () => {
    const { setImmediate: own } = globalThis;
    vi.useFakeTimers();
    const working = onHostTimers(work);
    vi.useRealTimers();
    expect(await working).toBe('done');
    expect(globalThis.setImmediate).toBe(own);
  });
});
