// The cache is listed and cleared, and nothing else is touched.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ID, MAIN, modelOf, modelWithPullRequest, WEIGHTS } from '../hub-fixture.testing.ts';
import { hubStore } from './hub-store.ts';
import { clearCached, isCached, listCached } from './manage-cache.ts';
import { botProposal, startStubHub, type StubHub } from '../stub-hub.testing.ts';

let cacheFolder: string;
let hub: StubHub;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'attn-cache-'));
  const other = { ...modelWithPullRequest([botProposal(4)]), id: 'gpt2' };
  hub = await startStubHub([modelOf({ 'model.safetensors': WEIGHTS }), other]);
});
afterEach(async () => {
  await hub.close();
  await rm(cacheFolder, { recursive: true });
});

const load = (id = ID, revision = 'main') => hubStore(id, { hubUrl: hub.url, cacheFolder, revision });
const folder = (...path: readonly string[]): string => join(cacheFolder, 'models--org--name', ...path);

test('an empty cache, and none at all', async () => {
  const nowhere = { cacheFolder: join(cacheFolder, 'nowhere') };
  for (const options of [{ cacheFolder }, nowhere]) {
    expect(await listCached(options)).toEqual([]);
    expect(await isCached(ID, options)).toBe(false);
    expect(await clearCached(undefined, options)).toBe(0);
    expect(await clearCached(ID, options)).toBe(0);
  }
});

test('models are listed with their revisions and sizes, and removed one by one', async () => {
  await load();
  await load('gpt2');
  expect(await isCached(ID, { cacheFolder })).toBe(true);
  expect(await isCached(ID, { cacheFolder, revision: MAIN })).toBe(true);
  expect(await isCached(ID, { cacheFolder, revision: 'v2' })).toBe(false);
  expect(await isCached('gpt2', { cacheFolder })).toBe(true);
  const models = await listCached({ cacheFolder });
  expect(models.map(({ id }) => id)).toEqual(['gpt2', ID]);
  expect(models.map(({ revisions }) => [...revisions].sort())).toEqual([['main', 'refs/pr/4'], ['main']]);
  for (const { bytes, lastUsed } of models) {
    expect(bytes).toBeGreaterThan(WEIGHTS.length);
    expect(bytes).toBeLessThan(WEIGHTS.length + 5_000);
    expect(Date.now() - Number(lastUsed)).toBeLessThan(60_000);
  }
  expect(await clearCached(ID, { cacheFolder })).toBe(models[1].bytes);
  expect(await isCached(ID, { cacheFolder })).toBe(false);
  expect((await readdir(cacheFolder)).sort()).toEqual(['.locks', 'models--gpt2']);
  await load();
  expect(await isCached(ID, { cacheFolder })).toBe(true);
});

test('a commit that has no name is listed by itself', async () => {
  await load(ID, MAIN);
  expect((await listCached({ cacheFolder }))[0].revisions).toEqual([MAIN]);
});

test('a copy without weights is not cached', async () => {
  await hubStore(ID, { hubUrl: hub.url, cacheFolder, weights: false });
  expect(await isCached(ID, { cacheFolder })).toBe(false);
});

test('only models are cleared', async () => {
  await load();
  const others = [
    'datasets--org--name',
    'models--',
    'models--a--b--c',
    'version.txt',
    'models--org--notes',
    'models--org--link',
  ];
  for (const name of others.slice(0, 3)) await mkdir(join(cacheFolder, name));
  await writeFile(join(cacheFolder, others[3]), '1');
  await mkdir(join(cacheFolder, others[4]));
  await writeFile(join(cacheFolder, others[4], 'thesis.tex'), 'years of work');
  await mkdir(join(cacheFolder, 'target'));
  await symlink(join(cacheFolder, 'target'), join(cacheFolder, others[5]));
  // A process was killed while it removed another model.
  await mkdir(join(cacheFolder, '.attn-removed-models--org--old', 'blobs'), { recursive: true });
  expect((await listCached({ cacheFolder })).map(({ id }) => id)).toEqual([ID]);
  expect(await clearCached(undefined, { cacheFolder })).toBeGreaterThan(WEIGHTS.length);
  expect((await readdir(cacheFolder)).sort()).toEqual(['.locks', 'target', ...others].sort());
  await expect(clearCached('org/notes', { cacheFolder })).rejects.toThrow(
    `${join(cacheFolder, 'models--org--notes')} must be the folder of a cached model to be removed, but it has "thesis.tex" in it`,
  );
  await expect(clearCached('org/link', { cacheFolder })).rejects.toThrow('is a link to another place');
});

test('a model that is being downloaded is refused', async () => {
  const goOn = hub.hold('model.safetensors', 40_000);
  let isStarted = (): void => {};
  const started = new Promise<void>((resolve) => (isStarted = resolve));
  const loading = hubStore(ID, {
    hubUrl: hub.url,
    cacheFolder,
    onDownload: ({ file, done }) => {
      if (file === 'model.safetensors' && done > 20_000) isStarted();
    },
  });
  await started;
  await expect(clearCached(ID, { cacheFolder })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '[attn/models] hub: org/name is being downloaded by this process: await that, or abort it',
  });
  await expect(clearCached(undefined, { cacheFolder })).rejects.toThrow('is being downloaded');
  goOn();
  await loading;
});

test('a lock of another process is respected, unless it is left behind', async () => {
  await load();
  const lock = join(cacheFolder, '.locks', 'models--org--name', `${'a'.repeat(64)}.attn-lock`);
  const write = (owner: object): Promise<void> => writeFile(lock, JSON.stringify({ token: 'x', ...owner }));
  await write({ pid: 7, host: 'elsewhere' });
  await expect(clearCached(ID, { cacheFolder })).rejects.toThrow(
    'org/name is being downloaded by process 7 on elsewhere: wait until it is done',
  );
  await write({ pid: 2 ** 22 + 1, host: hostname() }); // more than the kernel gives
  expect(await clearCached(ID, { cacheFolder })).toBeGreaterThan(0);
  expect(await readdir(folder()).catch(() => 'gone')).toBe('gone');
});
