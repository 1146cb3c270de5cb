// Models of the hub on a page: by their ids, kept in the browser's cache, in parts, whatever breaks.
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import {
  clearCached,
  isCached,
  listCached,
  loadModel,
  openModel,
  type DownloadProgress,
  type FileStore,
  type OpenModelOptions,
} from '../../index.ts';
import { PART_BYTES } from './parts.ts';

const hubUrl = inject('hub');
const GONE = 'http://127.0.0.1:9';
const LARGE = 'org/large';

beforeEach(() => clearCached());
afterEach(() => vi.restoreAllMocks());

/** A `fetch` that notes what was asked for. */
function noted(
  change: (response: Response, url: string) => Response | Promise<Response> = (response) => response,
) {
  const urls: string[] = [];
  const ask = async (url: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('Range');
    urls.push([new URL(url).pathname, range].filter(Boolean).join(' '));
    return change(await fetch(url, init), url);
  };
  return { urls, fetch: ask, weights: () => urls.filter((url) => url.includes('.safetensors')) };
}

/** An answer like another, whose body breaks after so many bytes. */
function broken(response: Response, after: number): Response {
  const reader = response.body?.getReader();
  let done = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) return controller.close();
      done += chunk.value.length;
      controller.enqueue(chunk.value);
      if (done > after) controller.error(new TypeError('the line broke'));
    },
  });
  const { status, headers } = response;
  return new Response(body, { status, headers });
}

const open = (options: OpenModelOptions = {}, id = LARGE): Promise<FileStore> =>
  openModel(id, { hubUrl, attempts: 2, ...options });

/** A number that stands for all bytes of a model's weights. */
async function sumOf(store: FileStore): Promise<number> {
  const file = await store.tensors('model.safetensors');
  let sum = 0;
  for (const name of file.names) for (const byte of await file.bytes(name)) sum = (31 * sum + byte) % 1e9;
  return sum;
}

describe('a model of the hub', () => {
  test('comes with its modules, which lie in folders', async () => {
    const settings = async (options: OpenModelOptions) =>
      (await loadModel('org/sentence', { hubUrl, attempts: 1, ...options })).settings.sentence;
    const first = await settings({});
    expect(first).toMatchObject({ maxLength: 32, pipeline: { pooling: ['cls'] } });
    expect(first?.pipeline.kind === 'vectors' && first.pipeline.modules[0]).toMatchObject({
      kind: 'dense',
      weight: { shape: [20, 32] },
    });
    expect(await settings({ offline: true })).toEqual(first);
    expect(await settings({ cache: false })).toEqual(first);
  });
  test('is downloaded once, and is the same from the cache, without a network, and uncached', async () => {
    expect(await isCached(LARGE, { hubUrl })).toBe(false);
    const first = noted();
    const progress: DownloadProgress[] = [];
    const sum = await sumOf(await open({ fetch: first.fetch, onDownload: (step) => progress.push(step) }));
    expect(first.weights()).toEqual([expect.stringMatching(/model\.safetensors$/)]);
    const total = progress[0].total;
    expect(total).toBeGreaterThan(2 * PART_BYTES);
    expect(progress.at(-1)).toMatchObject({ done: total, total });
    expect(progress.every(({ done }, i) => i === 0 || done >= progress[i - 1].done)).toBe(true);

    const second = noted();
    expect(await sumOf(await open({ fetch: second.fetch }))).toBe(sum);
    expect(second.urls).toEqual([`/api/models/${LARGE}/revision/main`]);
    expect(await sumOf(await open({ offline: true, fetch: () => Promise.reject(new Error()) }))).toBe(sum);
    expect(await isCached(LARGE, { hubUrl })).toBe(true);
    expect(await isCached(LARGE, { hubUrl, revision: 'v2' })).toBe(false);
    expect(await listCached()).toEqual([{ id: LARGE, bytes: expect.any(Number), revisions: ['main'] }]);
    const [{ bytes }] = await listCached();
    expect(bytes).toBeGreaterThan(total);

    expect(await clearCached('org/other')).toBe(0);
    expect(await clearCached(LARGE)).toBe(bytes);
    expect(await isCached(LARGE, { hubUrl })).toBe(false);
    const direct = noted();
    expect(await sumOf(await open({ cache: false, fetch: direct.fetch }))).toBe(sum);
    expect(direct.weights().length).toBeGreaterThan(5);
    expect(await listCached()).toEqual([]);
  });

  test('whose hub is gone is the cached copy, with a warning', async () => {
    const commit = 'c0ffee'.padEnd(40, '0');
    const sum = await sumOf(await open());
    const warnings: string[] = [];
    const none = (): Promise<Response> => Promise.reject(new TypeError('no network'));
    const options = { fetch: none, attempts: 1, onWarning: (message: string) => warnings.push(message) };
    expect(await sumOf(await open(options))).toBe(sum);
    expect(warnings).toEqual([
      expect.stringMatching(/the cached copy of org\/large, commit c0ffee000000, is used/),
    ]);
    // A full commit asks nobody.
    expect(await sumOf(await open({ ...options, revision: commit }))).toBe(sum);
    expect(warnings).toHaveLength(1);
    await expect(open({ ...options, hubUrl: GONE })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(open({ offline: true }, 'org/legacy')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining("org/legacy at main is not in the browser's cache"),
    });
  });

  test('goes on where its download broke, also in a later call', async () => {
    const cut = noted((response, url) =>
      url.endsWith('model.safetensors') ? broken(response, PART_BYTES + 1000) : response,
    );
    await expect(open({ fetch: cut.fetch, attempts: 1 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('the next try goes on from there'),
    });
    expect(await isCached(LARGE, { hubUrl })).toBe(false);
    const rest = noted();
    const sum = await sumOf(await open({ fetch: rest.fetch }));
    expect(rest.weights()).toEqual([expect.stringMatching(new RegExp(` bytes=${PART_BYTES}-$`))]);
    expect(await sumOf(await open({ cache: false }))).toBe(sum);
  });

  test('is downloaded once for two calls at a time', async () => {
    const { fetch, weights } = noted();
    const stores = await Promise.all([open({ fetch }), open({ fetch })]);
    expect(new Set(await Promise.all(stores.map(sumOf))).size).toBe(1);
    expect(weights()).toHaveLength(1);
  });

  test('is not cleared while it is downloaded, and an abort ends the download', async () => {
    const abort = new AbortController();
    let onStart = (): void => {};
    const started = new Promise<void>((resolve) => (onStart = resolve));
    const slow = noted((response, url) => {
      if (!url.endsWith('model.safetensors')) return response;
      onStart();
      const body = new ReadableStream({ pull: () => new Promise(() => {}) });
      return new Response(body, { status: response.status, headers: response.headers });
    });
    const opening = open({ fetch: slow.fetch, signal: abort.signal });
    await started;
    await expect(clearCached(LARGE)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('is being downloaded by a page of this origin'),
    });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
    await clearCached(LARGE);
  });

  test('with other bytes than the hub promises is refused, and nothing of it is kept', async () => {
    const spoiled = noted(async (response, url) =>
      url.endsWith('config.json') ? new Response((await response.text()).replace('32', '33')) : response,
    );
    await expect(open({ fetch: spoiled.fetch })).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringMatching(
        /config\.json of org\/large must have the hash .*, twice; it was deleted/,
      ),
    });
    expect(await isCached(LARGE, { hubUrl })).toBe(false);
  });

  test('that finds no room is read from the hub', async () => {
    vi.spyOn(navigator.storage, 'estimate').mockResolvedValue({ quota: 2 ** 20, usage: 1000 });
    const warnings: string[] = [];
    const { fetch, weights } = noted();
    await sumOf(await open({ fetch, onWarning: (message) => warnings.push(message) }));
    expect(warnings).toEqual([
      expect.stringMatching(
        /cache has room for 1047576 bytes, and org\/large needs \d+; it is read from the hub/,
      ),
    ]);
    expect(weights().length).toBeGreaterThan(5);
    expect(await isCached(LARGE, { hubUrl })).toBe(false);
  });

  test("has the forms of the hub: PyTorch's legacy files, and the conversion of its bot", async () => {
    const legacy = await loadModel('org/legacy', { hubUrl });
    expect(legacy.weights).toMatchObject({ files: ['pytorch_model.bin'], format: 'torch-legacy' });
    const converted = await loadModel('org/converted', { hubUrl });
    const expected = { files: ['model.safetensors'], format: 'safetensors', revision: 'refs/pr/4' };
    expect(converted.weights).toMatchObject(expected);
    expect((await loadModel('org/converted', { hubUrl, offline: true })).weights).toMatchObject(expected);
    expect((await loadModel('org/converted', { hubUrl, cache: false })).weights).toMatchObject(expected);
    expect((await listCached()).map(({ id }) => id)).toEqual(['org/converted', 'org/legacy']);
  });

  test('that is not there', async () => {
    await expect(open({}, 'org/none')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(open({ cache: false }, 'org/none')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await listCached()).toEqual([]);
  });
});
