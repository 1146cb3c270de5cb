import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { readEntries, withEntry } from './entries.ts';
import { hostStore } from './host-store.ts';
import { machineName } from '../machine-name.ts';
import { pageStore } from './page-store.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** A store in a new folder, and its file. */
function inFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'attn-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('LOCALAPPDATA', folder);
  vi.stubGlobal(
    'process',
    new Proxy(process, { get: (of, key) => (key === 'platform' ? 'linux' : Reflect.get(of, key)) }),
  );
  const store = hostStore();
  if (store === undefined) throw new Error('Node has files');
  return { folder, store, file: join(folder, 'attn', 'measured.json') };
}

test('Node: a file in the cache folder, made when something is kept', () => {
  const { store, file } = inFolder();
  expect(store.get('a')).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  void store.set('a', { rate: 1 });
  void store.set('b', 2);
  expect(hostStore()?.get('a')).toEqual({ rate: 1 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ format: 1, entries: { a: { rate: 1 }, b: 2 } });
});

test.each(['', 'not JSON', '[]', '{"format":0,"entries":{"a":1}}', '{"format":1,"entries":[1]}'])(
  'a file with %j holds nothing, and is replaced',
  (text) => {
    const { folder, store, file } = inFolder();
    mkdirSync(join(folder, 'attn'));
    writeFileSync(file, text);
    expect(store.get('a')).toBeUndefined();
    void store.set('a', 1);
    expect(store.get('a')).toBe(1);
  },
);

test('the oldest entries leave', () => {
  let text = '';
  for (let i = 0; i < 300; i++) text = withEntry(readEntries(text), `k${i}`, i);
  const entries = readEntries(withEntry(readEntries(text), 'k100', 'anew'));
  expect(entries.size).toBe(256);
  expect([...entries.keys()].slice(-2)).toEqual(['k299', 'k100']);
  expect(entries.get('k43')).toBeUndefined();
});

test('pages: an item of localStorage; none where it is forbidden', () => {
  expect(pageStore()).toBeUndefined(); // This is Node.
  vi.stubGlobal('process', undefined);
  expect(pageStore()).toBeUndefined();
  const items = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
  });
  const store = hostStore();
  void store?.set('a', [1]);
  expect(store?.get('a')).toEqual([1]);
  expect(pageStore()?.get('a')).toEqual([1]);
});

test('the machine has a name', () => {
  expect(machineName()).toContain(process.versions.node);
  vi.stubGlobal('process', undefined);
  vi.stubGlobal('navigator', { userAgent: 'Firefox', hardwareConcurrency: 8 });
  expect(machineName()).toBe('Firefox ×8');
});
