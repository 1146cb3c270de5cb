import { afterEach, describe, expect, test, vi } from 'vitest';
import { debug, debugLevel } from './debug.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('ATTN_DEBUG', () => {
  test('silence makes no message', () => {
    const message = vi.fn(() => 'never');
    debug(1, message);
    expect(message).not.toHaveBeenCalled();
  });

  test('a level prints itself and the lower ones', () => {
    vi.stubEnv('ATTN_DEBUG', '2');
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    debug(1, () => 'one');
    debug(2, () => 'two');
    debug(3, () => 'three');
    expect(print.mock.calls).toEqual([['[attn] one'], ['[attn] two']]);
  });

  test('the global variable wins over the environment', () => {
    vi.stubEnv('ATTN_DEBUG', '2');
    vi.stubGlobal('ATTN_DEBUG', 4);
    expect(debugLevel()).toBe(4);
  });

  test('nonsense is silence', () => {
    vi.stubEnv('ATTN_DEBUG', 'yes');
    expect(debugLevel()).toBe(0);
  });
});
