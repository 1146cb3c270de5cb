// The keys of `using` are the runtime's own symbols, or stand-ins where the runtime has none.
import { afterEach, expect, test, vi } from 'vitest';
import { asyncDisposeKey, disposeKey } from './disposable.ts';

const original = Symbol;
const symbols = { dispose: Symbol.dispose, asyncDispose: Symbol.asyncDispose };
afterEach(() => void vi.resetModules());

test("the keys are the runtime's symbols", () => {
  expect([disposeKey, asyncDisposeKey]).toEqual([symbols.dispose, symbols.asyncDispose]);
});

test('a runtime without the symbols has keys of its own, and gets no global symbols', async () => {
  vi.stubGlobal(
    'Symbol',
    Object.assign((name: string) => original(name), {}),
  );
  vi.resetModules();
  const keys = Object.values(await import('./disposable.ts'));
  expect(Symbol.dispose).toBeUndefined();
  vi.unstubAllGlobals();
  expect(keys.map((key) => typeof key)).toEqual(['symbol', 'symbol']);
  expect(new Set([...keys, symbols.dispose, symbols.asyncDispose]).size).toBe(4);
});

test('`using` and `await using` call the methods under these keys', async () => {
  const calls: string[] = [];
  {
    using file = { [disposeKey]: () => void calls.push('sync') };
    await using attn = { [asyncDisposeKey]: async () => void calls.push('async') };
    calls.push(typeof file, typeof attn);
  }
  expect(calls).toEqual(['object', 'object', 'async', 'sync']);
});
