// Models on a server: how many requests the weights take, which bytes come, and what an abort leaves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import type { Fetch } from '@attn/safetensors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  folderStore,
  loadModel,
  openCheckpoint,
  quantizeCheckpoint,
  writeCheckpoint,
  type NodeLoadOptions,
  type ReadProgress,
} from '../node.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { filesOf, sendFile, serveFiles, startServer, type TestServer } from './server.testing.ts';

const SENTENCES = goldenFolder('tasks/st-mean');
const TEXTS = ['A man plays the guitar.'];
const FORMS = ['f32', 'f16', 'q8', 'q4'] as const;

let folder = '';
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-ahead-'));
  const store = folderStore(SENTENCES);
  await using checkpoint = await openCheckpoint(store);
  const names = ['tokenizer.json', 'modules.json', '1_Pooling/config.json'];
  const files = Object.fromEntries(
    await Promise.all(
      names.map(async (file) => [file, (await store.bytes(file, 2 ** 24)) ?? expect.fail(file)]),
    ),
  );
  for (const dtype of FORMS) {
    const codes = await quantizeCheckpoint(checkpoint, { dtype });
    await writeCheckpoint(join(folder, dtype), codes, { files });
  }
  server = await serveFiles(await filesOf(folder));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** The vector of a text by the model of a source. */
async function vectorOf(source: string, attn: Attn, options: NodeLoadOptions = {}): Promise<Float32Array> {
  const model = await loadModel(source, { ...options, attn, for: 'encode' });
  return (await model.encode(TEXTS)).embeddings.data;
}

/** The ranges of weights that were asked for, as [from, to). */
function rangesOf(requests: readonly string[]): readonly (readonly [number, number])[] {
  return requests.flatMap((request) => {
    const [, from, to] = /model\.safetensors bytes=(\d+)-(\d+)$/.exec(request) ?? [];
    return from === undefined ? [] : [[Number(from), Number(to) + 1] as const];
  });
}

test.each(FORMS)('the weights of a small model of %s come in few requests, each byte once', async (form) => {
  await using attn = await createAttn({ backends: [cpu()] });
  const before = server.requests.length;
  let total = 0;
  const onProgress = (progress: ReadProgress): void => void ({ total } = progress);
  const vector = await vectorOf(`${server.url}/${form}/`, attn, { onProgress });
  expect(vector).toEqual(await vectorOf(join(folder, form), attn));
  // The size, the first bytes, and the header come before the tensors.
  const ranges = rangesOf(server.requests.slice(before));
  const tensors = ranges.slice(3).toSorted(([a], [b]) => a - b);
  expect(tensors.length).toBeLessThanOrEqual(4);
  for (const [i, [from]] of tensors.entries())
    expect(from).toBeGreaterThanOrEqual(i === 0 ? ranges[2][1] : tensors[i - 1][1]);
  expect(tensors.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(total);
});

test('weights that get another form as they are read come once, too', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  for (const dtype of ['q8', 'bf16'] as const) {
    const before = server.requests.length;
    const vector = await vectorOf(`${server.url}/f32/`, attn, { dtype });
    expect(vector).toEqual(await vectorOf(join(folder, 'f32'), attn, { dtype }));
    expect(rangesOf(server.requests.slice(before)).length).toBeLessThanOrEqual(7);
  }
});

test('a server without ranges sends the file once', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  const files = await filesOf(join(folder, 'q4'));
  const plain = await startServer((request, response) => {
    delete request.headers.range;
    sendFile(request, response, files.get((request.url ?? '').slice(1)));
  });
  try {
    const vector = await vectorOf(`${plain.url}/`, attn);
    expect(vector).toEqual(await vectorOf(join(folder, 'q4'), attn));
    expect(plain.requests.filter((request) => request.includes('model.safetensors'))).toHaveLength(1);
  } finally {
    await plain.close();
  }
});

test('an abort ends the requests that are on their way', async () => {
  const stop = new AbortController();
  const pending: AbortSignal[] = [];
  /** Answers the tensors with bodies that never come. */
  const silent: Fetch = async (url, init) => {
    const answer = await fetch(url, init);
    const [[from] = [0]] = rangesOf([`model.safetensors ${new Headers(init.headers).get('Range')}`]);
    if (from === 0) return answer;
    await answer.body?.cancel();
    if (init.signal) pending.push(init.signal);
    stop.abort();
    const { status, headers } = answer;
    return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { status, headers });
  };
  const loading = loadModel(`${server.url}/q4/`, { fetch: silent, signal: stop.signal });
  await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
  expect(pending.length).toBeGreaterThan(0);
  expect(pending.every(({ aborted }) => aborted)).toBe(true);
});
