/** Web Workers, played by the test: scripts of other origins, and the end of a worker. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { webThread } from './web-thread.ts';

class FakeWorker extends EventTarget {
  static readonly started: { readonly script: string; readonly worker: FakeWorker }[] = [];
  readonly terminate = vi.fn();
  readonly postMessage = vi.fn();

  constructor(script: string | URL) {
    super();
    const { origin } = new URL(script);
    if (origin !== 'https://page.org')
      throw new DOMException(`${script} is of another origin`, 'SecurityError');
    FakeWorker.started.push({ script: String(script), worker: this });
  }
}

const file = 'attn-wasm-helper.js';
const events = { onMessage: vi.fn(), onDeath: vi.fn() };

/** Starts a worker as a module at an address does. */
function start(beside: string) {
  return webThread(() => new Worker(new URL(file, beside)), { beside, file }, events);
}

beforeEach(() => {
  FakeWorker.started.length = 0;
  vi.clearAllMocks();
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('origin', 'https://page.org');
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:https://page.org/${Math.random()}`);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a script of the page starts as it is', () => {
  start('https://page.org/a/wasm.js');
  expect(FakeWorker.started.map(({ script }) => script)).toEqual(['https://page.org/a/attn-wasm-helper.js']);
});

test('a script of another origin is imported by a script of the page, which is created once', async () => {
  for (let i = 0; i < 2; i++) start('https://cdn.org/a/wasm.js');
  expect(URL.createObjectURL).toHaveBeenCalledTimes(1);
  expect(new Set(FakeWorker.started.map(({ script }) => script)).size).toBe(1);
  const [[blob]] = vi.mocked(URL.createObjectURL).mock.calls;
  expect(await (blob as Blob).text()).toContain('import("https://cdn.org/a/attn-wasm-helper.js")');
});

test.each(['https://page.org/', 'file:///home/somebody/wasm.js'])(
  'a script that %s refuses is an error',
  (beside) => {
    const refuse = (): never => {
      throw new Error('refused');
    };
    expect(() => webThread(refuse, { beside, file }, events)).toThrow('refused');
    expect(FakeWorker.started).toEqual([]);
  },
);

test('an error ends a worker, and is reported once', async () => {
  const thread = start('https://page.org/');
  const [{ worker }] = FakeWorker.started;
  worker.dispatchEvent(new Event('error'));
  worker.dispatchEvent(new Event('error'));
  expect(events.onDeath.mock.calls).toEqual([['its script could not be loaded']]);
  expect(worker.terminate).toHaveBeenCalled();
  await thread.terminate();
});

test('the death of a worker that was ended is not reported', async () => {
  await start('https://page.org/').terminate();
  FakeWorker.started[0].worker.dispatchEvent(new Event('error'));
  expect(events.onDeath).not.toHaveBeenCalled();
});
