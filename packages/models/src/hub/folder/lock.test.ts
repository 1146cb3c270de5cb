// A lock is respected while its owner lives, and taken when the owner is gone or silent.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { FileLock } from './lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-lock-'));
  path = join(folder, 'locks', 'a.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const PATIENCE = { timeout: 100_000, interval: 10 };
const { signal } = new AbortController();
const never = async (): Promise<boolean> => false;
/** Where nothing is said of silence, no pause of this machine counts as such. */
const take = (isDone = never, stop = signal, silence = Infinity): Promise<FileLock | undefined> =>
  FileLock.take(path, isDone, stop, { touch: 20, silence });

test('the second waits for the first, however long it works', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const silence = 300;
  const first = await take();
  let looks = 0;
  const isDone = async (): Promise<boolean> => ++looks === Infinity;
  const order: string[] = [];
  const second = take(isDone, signal, silence).then((lock) => {
    order.push('second');
    return lock;
  });
  // Each sign of life comes, and is seen, before the lock counts as silent.
  for (let round = 0; round < 3; round++) {
    const { mtimeMs } = await stat(path);
    now += 0.9 * silence;
    await vi.waitUntil(async () => (await stat(path)).mtimeMs !== mtimeMs, PATIENCE);
    const enough = looks + 2;
    await vi.waitUntil(() => looks >= enough || order.length > 0, PATIENCE);
  }
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

const [host, token] = [hostname(), 'x'];
test.each([
  ['of a process that is gone', { pid: 2 ** 22 + 1, host, token }, Infinity, 0],
  ['of another machine that is silent', { pid: 1, host: 'elsewhere', token }, 300, 300],
  ['of this process’s number, which another had', { pid: process.pid, host, token }, 300, 300],
  ['that was never written', '', 300, 300],
])('a lock %s is taken', async (_title, owner, silence, least) => {
  await leave(typeof owner === 'string' ? owner : JSON.stringify(owner));
  const start = performance.now();
  const lock = await take(never, signal, silence);
  expect(performance.now() - start).toBeGreaterThanOrEqual(least);
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
