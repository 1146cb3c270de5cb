// A lock is respected while its owner lives, and taken when the owner is gone or silent.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileLock } from './lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-lock-'));
  path = join(folder, 'locks', 'a.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();
const never = async (): Promise<boolean> => false;
const take = (isDone = never, stop = signal): Promise<FileLock | undefined> =>
  FileLock.take(path, isDone, stop, { touch: 20, silence: 300 });

test('the second waits for the first, however long it works', async () => {
  const first = await take();
  const order: string[] = [];
  const second = take().then((lock) => {
    order.push('second');
    return lock;
  });
  await sleep(800);
  order.push('release');
  await first?.release();
  await (await second)?.release();
  expect(order).toEqual(['release', 'second']);
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('of many, one has it at a time', async () => {
  let [owners, most] = [0, 0];
  const work = async (): Promise<void> => {
    const lock = await take();
    most = Math.max(most, (owners += 1));
    await sleep(5);
    owners -= 1;
    await lock?.release();
  };
  await Promise.all(Array.from({ length: 5 }, work));
  expect(most).toBe(1);
});

const leave = async (text: string): Promise<void> => {
  await (await take())?.release();
  await writeFile(path, text);
};

test.each([
  ['of a process that is gone', { pid: 2 ** 22 + 1, host: hostname(), token: 'x' }, 0, 250],
  ['of another machine that is silent', { pid: 1, host: 'elsewhere', token: 'x' }, 300, 2_000],
  [
    'of this process’s number, which another had',
    { pid: process.pid, host: hostname(), token: 'x' },
    300,
    2_000,
  ],
  ['that was never written', '', 300, 2_000],
])('a lock %s is taken', async (_title, owner, least, most) => {
  await leave(typeof owner === 'string' ? owner : JSON.stringify(owner));
  const start = performance.now();
  const lock = await take();
  const time = performance.now() - start;
  expect(time).toBeGreaterThanOrEqual(least);
  expect(time).toBeLessThan(most);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  await lock?.release();
  expect(await readdir(join(folder, 'locks'))).toEqual([]);
});

test('an owner that has lost its lock leaves that of its successor', async () => {
  const first = await take();
  await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' }));
  await first?.release();
  expect(await readFile(path, 'utf8')).toContain('elsewhere');
});

test('who waits stops when the work is done, or aborted', async () => {
  const lock = await take();
  let looks = 0;
  expect(await take(async () => ++looks > 2)).toBe(undefined);
  await expect(take(never, AbortSignal.timeout(50))).rejects.toMatchObject({
    name: expect.stringMatching(/Error/),
  });
  await lock?.release();
});
