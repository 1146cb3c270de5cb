/** Pages whose worker does not start, in all ways in which that happens. The test plays the worker. */
import { f32, slidingWindow, type Probe } from '@attn/core';
import { attention } from '@attn/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { wasmBackend } from '../backend.ts';
import type { StartThread, Thread } from '../engine/threads.ts';

const x = f32([1, 1, 70, 8], new Float32Array(560).fill(0.5));
const call = { q: x, k: x, v: x, pattern: slidingWindow({ before: 3, after: 3 }) };

/** A worker that takes all messages and sends none. */
function silent(onPost: () => void = () => {}) {
  const terminate = vi.fn(async () => {});
  const thread: Thread = { post: onPost, ref: () => {}, unref: () => {}, terminate };
  return { thread, terminate };
}

const refused: StartThread = () => {
  throw new DOMException('Script cannot be accessed from origin.', 'SecurityError');
};

const notThere: StartThread = ({ onDeath }) => {
  setTimeout(() => onDeath('its script could not be loaded'), 1);
  return silent().thread;
};

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});

/** A backend of a new page, in which no warning has been given. */
async function freshBackend(startEngine: StartThread, offMainThread: true | 'preferred') {
  vi.resetModules();
  const { wasmBackend: fresh } = (await import('../backend.ts')) as { wasmBackend: typeof wasmBackend };
  return fresh({ threads: 2, offMainThread, startEngine });
}

/** Mocks of the clock, in a test that does not wait. */
const clockMocks: { mockRestore(): void }[] = [];

beforeEach(() => warn.mockClear());
afterEach(() => clockMocks.splice(0).forEach((spy) => spy.mockRestore()));

/** The probe of a page that computes on its own thread for a reason. */
const ownThread = (reason: RegExp): Probe => ({
  available: true,
  summary: expect.stringMatching(/, 1 thread, which is the page's own$/),
  features: expect.objectContaining({ threads: 1, sharedMemory: false }),
  absences: expect.arrayContaining([expect.stringMatching(reason)]),
});

describe.each([
  [
    'refused',
    refused,
    /did not start: Script cannot be accessed from origin; if a bundler left its file out, copy/,
  ],
  [
    'not there',
    notThere,
    /its script could not be loaded; if a bundler left its file out, copy .*attn-wasm-\*\.js to/,
  ],
])('a worker that is %s', (_title, startEngine, reason) => {
  test('is replaced by the own thread, with one warning', async () => {
    const backend = await freshBackend(startEngine, 'preferred');
    expect(await backend.probe()).toEqual(ownThread(reason));
    const executable = await backend.compile(attention(call).graph);
    const { out } = await executable.run(attention(call).inputs);
    expect(out.data).toEqual(x.data);
    expect(await backend.probe({ again: true })).toEqual(ownThread(reason));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(reason));
    await backend.dispose();
  });

  test('is not replaced where it was asked for', async () => {
    const backend = await freshBackend(startEngine, true);
    expect(await backend.probe()).toEqual({ available: false, reason: expect.stringMatching(reason) });
    expect(warn).not.toHaveBeenCalled();
    await expect(backend.compile(attention(call).graph)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    });
    await backend.dispose();
  });
});

test('a worker that never answers is ended after ten seconds, and replaced by the own thread', async () => {
  const { thread, terminate } = silent();
  const backend = await freshBackend(() => thread, 'preferred');
  // The backend's clock, whose seconds pass when the test says so.
  const { clock } = await import('@attn/core/backend');
  let now = 0;
  let tick: (() => void) | undefined;
  clockMocks.push(
    vi.spyOn(clock, 'now').mockImplementation(() => now),
    vi.spyOn(clock, 'setInterval').mockImplementation((callback) => {
      tick = callback;
      return 1;
    }),
  );
  const probe = backend.probe();
  for (let second = 0; second < 14; second++) {
    now += 1000;
    await vi.waitFor(() => expect(tick).toBeDefined());
    tick?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await probe).toEqual(ownThread(/has not answered for 10 s; if a bundler/));
  expect(terminate).toHaveBeenCalled();
  await backend.dispose();
});

test('a page that may compile no WebAssembly says so, and warns of nothing', async () => {
  const backend = await freshBackend(notThere, 'preferred');
  const compiling = vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
    throw new WebAssembly.CompileError('violates the policy');
  });
  const probe = await backend.probe();
  compiling.mockRestore();
  expect(probe).toEqual({
    available: false,
    reason: expect.stringMatching(/may not be compiled here: violates the policy; .*wasm-unsafe-eval/),
  });
  expect(warn).not.toHaveBeenCalled();
  await backend.dispose();
});

test('a worker that starts at the second try takes over', async () => {
  let isThere = false;
  const start: StartThread = (events) => {
    if (!isThere) return notThere(events);
    const probe: Probe = { available: true, summary: 'in a worker', features: {} };
    const answer = (): void => events.onMessage?.({ type: 'done', call: 1, value: probe });
    return silent(() => queueMicrotask(answer)).thread;
  };
  const backend = await freshBackend(start, 'preferred');
  expect(await backend.probe()).toEqual(ownThread(/could not be loaded/));
  isThere = true;
  expect(await backend.probe({ again: true })).toMatchObject({ summary: 'in a worker' });
  await backend.dispose();
});

test.each([false, true, 'preferred'] as const)(
  'a part that cannot be loaded is a typed error, and is loaded by the next call; off the main thread: %s',
  async (offMainThread) => {
    for (const part of ['../local-site.ts', './remote-site.ts']) {
      vi.doMock(part, () => {
        throw new TypeError('import() is disallowed');
      });
    }
    vi.resetModules();
    const { wasmBackend: fresh } = (await import('../backend.ts')) as { wasmBackend: typeof wasmBackend };
    const backend = fresh({ threads: 1, offMainThread, startEngine: notThere });
    await backend.probe();
    await expect(backend.compile(attention(call).graph)).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    });
    for (const part of ['../local-site.ts', './remote-site.ts']) vi.doUnmock(part);
    const probe = await backend.probe({ again: true });
    expect(probe.available).toBe(offMainThread !== true);
    if (probe.available) (await backend.compile(attention(call).graph)).dispose();
    await backend.dispose();
  },
);

describe('the remedy', () => {
  test.each([
    [
      'http://localhost:5173/node_modules/.vite/deps/@attn_wasm.js',
      /optimizeDeps: \{ exclude: \['@attn\/wasm'\] \}/,
    ],
    ['http://localhost:3000/_nuxt/node_modules/.cache/vite/client/deps/@attn_wasm.js', /optimizeDeps/],
    ['https://x.org/assets/attn-wasm-engine.js', /attn-wasm-\*\.js to https:\/\/x\.org\/assets\/;/],
    [
      'file:///home/somebody/app/node_modules/@attn/wasm/dist/workers/attn-wasm-engine.js',
      /to where the bundle is;/,
    ],
    [undefined, /worker-src/],
  ])('at %s', async (address, remedy) => {
    const { whyNoWorker } = await import('./no-worker.ts');
    expect(whyNoWorker(new Error('no.'), address)).toMatch(remedy);
  });

  test('in a sandboxed frame', async () => {
    vi.stubGlobal('origin', 'null');
    const { whyNoWorker } = await import('./no-worker.ts');
    expect(whyNoWorker(new Error('no.'), undefined)).toMatch(/allow-same-origin/);
    vi.unstubAllGlobals();
  });
});
