// Processes of their own load one model at once, are killed, and run as a user who may not write.
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ID, MAIN, modelOf, someBytes } from '../hub-fixture.testing.ts';
import type { Errand, Outcome } from './hub-process.testing.ts';
import { hubStore } from './hub-store.ts';
import { startStubHub, type StubHub } from '../stub-hub.testing.ts';

const SCRIPT = fileURLToPath(new URL('hub-process.testing.ts', import.meta.url));
const LARGE = someBytes(2_000_000, 3);
let folder: string;
let hub: StubHub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-processes-'));
  hub = await startStubHub([modelOf({ 'model.safetensors': LARGE })]);
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome | undefined>;
}

/** Starts a process that loads the model. A killed one has no outcome. */
function start(errand: Partial<Errand> = {}): Started {
  // Others may take long to start while the hub holds a file back.
  const place = { id: ID, hubUrl: hub.url, cacheFolder: folder, idleTimeout: 100_000 };
  const argument = JSON.stringify({ ...place, ...errand });
  const child = spawn(process.execPath, [SCRIPT, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => (text += String(data)));
  const outcome = new Promise<Outcome | undefined>((resolve) => {
    child.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Outcome)));
  });
  return { child, outcome };
}

const locks = (): Promise<readonly string[]> => readdir(join(folder, '.locks', 'models--org--name'));
const PATIENCE = { timeout: 100_000, interval: 10 };
/** Waits until so many processes want the model. */
const arrivals = (count: number): Promise<boolean> =>
  vi.waitUntil(
    () => hub.requests.filter((request) => request.includes('paths-info')).length >= count,
    PATIENCE,
  );
/** Waits until a part of the weights is in the cache. */
const partReceived = (): Promise<boolean> =>
  vi.waitUntil(async () => {
    const blobs = join(folder, 'models--org--name', 'blobs');
    const names = await readdir(blobs).catch((): string[] => []);
    const incomplete = names.find((name) => name.includes('incomplete'));
    return incomplete !== undefined && (await stat(join(blobs, incomplete))).size > 0;
  }, PATIENCE);

test('three at once download once', async () => {
  const goOn = hub.hold('model.safetensors', 500_000);
  const outcomes = [start(), start(), start()].map(({ outcome }) => outcome);
  await arrivals(3);
  goOn();
  for (const outcome of outcomes) expect(await outcome).toEqual({ bytes: LARGE.length });
  expect(hub.requests.filter((request) => request.includes('model.safetensors')).length).toBe(2);
  expect(await locks()).toEqual([]);
});

test('a killed one blocks nobody, and what it received is used', async () => {
  hub.hold('model.safetensors', 500_000);
  const first = start();
  await partReceived();
  const others = [start(), start()];
  await arrivals(3);
  hub.faults.length = 0;
  first.child.kill('SIGKILL');
  expect(await first.outcome).toBe(undefined);
  for (const { outcome } of others) expect(await outcome).toEqual({ bytes: LARGE.length });
  const resumed = hub.requests.filter((request) => /model\.safetensors bytes=[1-9]\d*-$/.test(request));
  expect(resumed.length).toBe(2); // the hub, and where it redirects to
  expect(await locks()).toEqual([]);
});

// As root, the process becomes another user.
const uid = process.getuid?.() === 0 ? 65_534 : undefined;

test.runIf(process.platform !== 'win32')('a whole cache that is read-only works', async () => {
  await hubStore(ID, { hubUrl: hub.url, cacheFolder: folder });
  const folders = ['', 'blobs', 'refs', 'snapshots', `snapshots/${MAIN}`, '.attn'];
  const paths = [folder, ...folders.map((name) => join(folder, 'models--org--name', name))];
  try {
    for (const path of paths) await chmod(path, 0o555);
    const runs = [start({ uid }), start({ uid, revision: MAIN })];
    for (const { outcome } of runs) expect(await outcome).toEqual({ bytes: LARGE.length });
    // Python keeps no record, and none can be written.
    await rm(join(folder, 'models--org--name', '.attn'), { recursive: true });
    expect(await start({ uid }).outcome).toEqual({ bytes: LARGE.length });
  } finally {
    for (const path of paths) await chmod(path, 0o755).catch(() => {});
  }
});

test.runIf(process.platform !== 'win32')('an empty cache that is read-only: one sentence', async () => {
  const readOnly = join(folder, 'read-only');
  await mkdir(readOnly);
  await chmod(readOnly, 0o555);
  await chmod(folder, 0o755);
  expect(await start({ uid, cacheFolder: readOnly }).outcome).toEqual({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(
      `[attn/models] hub: the cache folder ${readOnly} cannot be written: pass another folder as the option cacheFolder`,
    ),
  });
});
