// Clocks that stand still, as tests of applications have them: a call ends, and nothing that was measured by
// them is kept.
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
    // The clock of the host went on, and so what was measured may be kept.
    expect(clock.now()).toBeGreaterThan(before);
    expect(JSON.stringify([...entries])).not.toMatch(/null|:0[,}]/);
  },
  30_000,
);

/**
 * A program whose clock stands still from the beginning, with a cache of its own. Returns what it printed,
 * and what it has kept.
 */
function inStillProcess(
  more: string,
  tunes: readonly Tune[],
): { readonly printed: string; readonly kept: string } {
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
  return { printed, kept: existsSync(file) ? readFileSync(file, 'utf8') : '' };
}

test('a call ends where the clock has stood still since before the library was loaded', () => {
  const { printed, kept } = inStillProcess('', ['estimate', 'measure']);
  expect(printed).toBe('true\ntrue\n');
  expect(kept).not.toMatch(/null|times of/);
}, 60_000);

test('and where the host tells nothing of processor time either; then nothing is kept', () => {
  const { printed, kept } = inStillProcess('process.cpuUsage = undefined;', ['measure']);
  expect(printed).toBe('true\n');
  expect(kept).toBe('');
}, 60_000);
