import { expect, test, vi } from 'vitest';
import type { Executable } from '../contract/backend.ts';
import { ExecutableCache } from './executable-cache.ts';

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
