import { expect, test, vi } from 'vitest';
import type { Executable } from '../backend.ts';
import { ExecutableCache } from './executable-cache.ts';
import { LruMap } from './lru.ts';

function fakeExecutable() {
  return { run: vi.fn<Executable['run']>(), dispose: vi.fn<Executable['dispose']>() };
}

test('an executable in use is disposed when its last run ends', async () => {
  const cache = new ExecutableCache(1);
  const executable = fakeExecutable();
  let finish = () => {};
  const running = cache.use(
    'a',
    async () => executable,
    () => new Promise<void>((resolve) => (finish = resolve)),
  );
  await cache.use(
    'b',
    async () => fakeExecutable(),
    async () => {},
  );
  expect(executable.dispose).not.toHaveBeenCalled();
  finish();
  await running;
  await Promise.resolve();
  expect(executable.dispose).toHaveBeenCalledOnce();
});

test('remembers how long the last run took, until it is dropped', async () => {
  const cache = new ExecutableCache(2);
  const executable = fakeExecutable();
  await cache.use(
    'a',
    async () => executable,
    async (_, measured) => measured(7),
  );
  expect([cache.measuredMs('a'), cache.measuredMs('b')]).toEqual([7, undefined]);
  cache.drop('a');
  expect(cache.measuredMs('a')).toBeUndefined();
});

test('LruMap forgets what was not used for longest', () => {
  const evicted: number[] = [];
  const map = new LruMap<number>(2, (value) => evicted.push(value));
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  map.set('a', 4);
  map.clear();
  expect(evicted).toEqual([2, 1, 3, 4]);
});
