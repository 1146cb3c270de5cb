// An error in a callback of a call ends this call, and nothing else.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { throwIfAborted } from '../errors.ts';
import { withCallbacks } from './callbacks.ts';

afterEach(() => void vi.unstubAllGlobals());

const oops = new Error('oops');
const wrong = (): void => {
  throw oops;
};
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Work that reports in each of many turns, and stops when its signal is aborted. */
async function work(
  { onProgress }: { readonly onProgress?: (done: number) => unknown },
  signal: AbortSignal | undefined,
): Promise<string> {
  for (let done = 1; done <= 5; done++) {
    throwIfAborted(signal, 'test/work');
    onProgress?.(done);
    await turn();
  }
  return 'result';
}

describe('a callback', () => {
  test.each<[string, () => unknown]>([
    ['that throws', wrong],
    ['whose promise rejects', () => Promise.reject(oops)],
  ])('%s ends the call with its error', async (_title, callback) => {
    const onProgress = vi.fn<() => unknown>(callback);
    await expect(withCallbacks({ onProgress }, undefined, work)).rejects.toBe(oops);
    expect(onProgress).toHaveBeenCalledOnce();
  });
  test('that throws in the last report, when the result is there, ends it likewise', async () => {
    const atTheEnd = async ({ onProgress }: { readonly onProgress?: () => void }): Promise<string> => {
      onProgress?.();
      return 'result';
    };
    await expect(withCallbacks({ onProgress: wrong }, undefined, atTheEnd)).rejects.toBe(oops);
  });
  test('that throws counts even where the work swallows errors or throws another', async () => {
    const other = async ({ onProgress }: { readonly onProgress?: () => void }): Promise<string> => {
      onProgress?.();
      throw new TypeError('another');
    };
    await expect(withCallbacks({ onProgress: wrong }, undefined, other)).rejects.toBe(oops);
  });
  test('that throws undefined ends the call, too', async () => {
    const onProgress = (): void => {
      // oxlint-disable-next-line no-throw-literal -- people do
      throw undefined;
    };
    await expect(withCallbacks({ onProgress }, undefined, work)).rejects.toBe(undefined);
  });
  test('that is well behaved changes nothing', async () => {
    const steps: number[] = [];
    const onProgress = (done: number): void => void steps.push(done);
    expect(await withCallbacks({ onProgress }, undefined, work)).toBe('result');
    expect(steps).toEqual([1, 2, 3, 4, 5]);
  });
  test('whose promise rejects when the call is over is reported to the host', async () => {
    const reportError = vi.fn<(error: unknown) => void>();
    vi.stubGlobal('reportError', reportError);
    let reject: (error: unknown) => void = () => {};
    const onProgress = (): Promise<void> => new Promise((_, no) => void (reject = no));
    expect(await withCallbacks({ onProgress }, undefined, work)).toBe('result');
    reject(oops);
    await turn();
    expect(reportError.mock.calls).toEqual([[oops]]);
  });
});

describe('the caller’s signal', () => {
  test('still stops the work, and nothing of the call stays with it', async () => {
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const onProgress = (): void => controller.abort('enough');
    await expect(withCallbacks({ onProgress }, controller.signal, work)).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'enough',
    });
    expect(remove).toHaveBeenCalledOnce();
  });
  test('that fired before stops it at once', async () => {
    const onProgress = vi.fn<() => void>();
    await expect(withCallbacks({ onProgress }, AbortSignal.abort(), work)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(onProgress).not.toHaveBeenCalled();
  });
  test('is handed on as it is where there are no callbacks', async () => {
    const { signal } = new AbortController();
    const use = vi.fn<(signal: AbortSignal | undefined) => void>();
    await withCallbacks({ onProgress: undefined }, signal, async (_, passed) => use(passed));
    expect(use).toHaveBeenCalledExactlyOnceWith(signal);
  });
});

test('what is no callback and what is no signal is left to the work to refuse', async () => {
  const received: unknown[] = [];
  const receive = async (callbacks: object, signal: unknown): Promise<void> =>
    void received.push(callbacks, signal);
  const [wrongCallback, wrongSignal]: never[] = [5 as never, {} as never];
  await withCallbacks({ onProgress: wrongCallback, onToken: () => {} }, undefined, receive);
  await withCallbacks({ onProgress: () => {} }, wrongSignal, receive);
  expect(received).toEqual([
    { onProgress: 5, onToken: expect.any(Function) },
    expect.any(AbortSignal),
    { onProgress: expect.any(Function) },
    {},
  ]);
});
