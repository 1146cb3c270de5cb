// Clocks that stand still, as in tests of applications: a call ends,
// and nothing that such a clock measured is stored.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { f32, type Tune } from '@attn/core';
import { clock } from '@attn/core/backend';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createAttn } from './index.ts';

afterEach(() => void vi.useRealTimers());

const x = f32([1, 2, 100, 8], new Float32Array(1600).fill(0.5));
const call = { q: x, k: x, v: x };

test.each(['estimate', 'measure'] as const)(
  'calls end under fake timers, tune: %s',
  async (tune) => {
    vi.useFakeTimers();
    const before = clock.now();
    const entries = new Map<string, unknown>();
    const cache = {
      get: () => undefined,
      set: (key: string, value: unknown) => void entries.set(key, value),
    };
    const attn = await createAttn({ tune, cache });
    expect((await attn.attention(call)).out.data).toEqual(x.data);
    for (const { name, available } of attn.probe()) {
      if (available) expect((await attn.attention(call, { backend: name })).out.data).toEqual(x.data);
    }
    await attn.dispose();
    // The clock of the host went on, so its measurements may be stored. Only threads may wake in no time,
    // where they still look for a job.
    expect(clock.now()).toBeGreaterThan(before);
    expect(JSON.stringify([...entries])).not.toMatch(/null|(?<!"wakingMs"):0[,}]/);
  },
  30_000,
);

/**
 * Runs a program whose clock stands still from the beginning, with a
 * cache of its own. Returns its output and its cache file.
 */
function inStillProcess(
  more: string,
  tunes: readonly Tune[],
): { readonly printed: string; readonly cached: string } {
  const folder = mkdtempSync(join(tmpdir(), 'attn-still-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const script = `
    performance.now = () => 1000;
    ${more}
    const { createAttn } = await import('${new URL('../dist/index.js', import.meta.url).href}');
    for (const tune of ${JSON.stringify(tunes)}) {
      const attn = await createAttn({ tune });
      const x = { dtype: 'f32', shape: [1, 2, 100, 8], data: new Float32Array(1600).fill(0.5) };
      const { out } = await attn.attention({ q: x, k: x, v: x });
      console.log(out.data.every((value) => value === 0.5));
      await attn.dispose();
    }`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: folder, LOCALAPPDATA: folder, HOME: folder },
    timeout: 60_000,
  });
  const file = join(folder, 'attn', 'measured.json');
  return { printed, cached: existsSync(file) ? readFileSync(file, 'utf8') : '' };
}

test('a call ends where the clock has stood still since before the library was loaded', () => {
  const { printed, cached } = inStillProcess('', ['estimate', 'measure']);
  expect(printed).toBe('true\ntrue\n');
  expect(cached).not.toMatch(/null|times of/);
}, 60_000);

test('and where the host tells nothing of processor time either; then nothing is stored', () => {
  const { printed, cached } = inStillProcess('process.cpuUsage = undefined;', ['measure']);
  expect(printed).toBe('true\n');
  expect(cached).toBe('');
}, 60_000);
