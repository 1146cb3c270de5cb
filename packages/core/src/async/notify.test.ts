import { afterEach, expect, test, vi } from 'vitest';
import { clock } from './clock.ts';
import { notify } from './notify.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
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
  const later = vi.spyOn(clock, 'setTimeout').mockReturnValue(undefined as never);
  notify(wrong, 1);
  expect(later.mock.calls[0][0]).toThrow('oops');
});
