import { afterEach, expect, test, vi } from 'vitest';
import { notify } from './notify.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const wrong = () => {
  throw new Error('oops');
};

test('what a listener throws is reported to the host', () => {
  const reportError = vi.fn<(error: unknown) => void>();
  vi.stubGlobal('reportError', reportError);
  notify(wrong, 1);
  expect(reportError.mock.calls).toEqual([[new Error('oops')]]);
});

test('a host without reportError gets it from a later turn of the event loop', () => {
  vi.stubGlobal('reportError', undefined);
  vi.useFakeTimers();
  notify(wrong, 1);
  expect(() => vi.runAllTimers()).toThrow('oops');
});
