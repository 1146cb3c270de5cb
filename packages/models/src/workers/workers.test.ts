// Worker threads give what a model of this thread gives, lose nothing when one dies, and end when told to.
// Threads load their script from `dist`, so this file imports that.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadModel, pipeline, type Encoder, type EncodeManyProgress } from '../../dist/node.js';
import { goldenFolder } from '../testing/goldens.testing.ts';

const ENCODER = goldenFolder('tasks/st-mean');
const SCORER = goldenFolder('classic/sentence/cross_sigmoid');
const RERANKER = goldenFolder('today/text/qwen3_reranker');
const WORKERS = { backend: 'cpu', count: 2 } as const;

const TEXTS = Array.from({ length: 40 }, (_, i) => `the whale ${'swims '.repeat((i * 7) % 9)}${i}`);

let attn: Attn;
let local: Encoder;
let model: Encoder;

beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  local = await loadModel(ENCODER, { attn, for: 'encode' });
  model = await loadModel(ENCODER, { for: 'encode', workers: WORKERS });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await attn.dispose();
});

/** Calls `react` with each thread that gets a batch, at that moment. */
function onBatch(react: (worker: Worker, count: number) => unknown): void {
  const { postMessage } = Worker.prototype;
  let count = 0;
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function post(this: Worker, message, ...rest) {
    postMessage.call(this, message, ...rest);
    if ((message as { type: string }).type === 'run') react(this, count++);
  });
}

/** Ends threads that get a batch, before they can run it. */
function dieAt(dies: (count: number) => boolean): void {
  const { postMessage } = Worker.prototype;
  let count = 0;
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function post(this: Worker, message, ...rest) {
    if ((message as { type: string }).type === 'run' && dies(count++)) void this.terminate();
    else postMessage.call(this, message, ...rest);
  });
}

async function vectorsOf(
  encoder: Encoder,
  options: object = {},
): Promise<ReadonlyMap<unknown, Float32Array>> {
  const vectors = new Map<unknown, Float32Array>();
  for await (const { key, embeddings, backends } of encoder.encodeMany(TEXTS, {
    batchTokens: 128,
    ...options,
  })) {
    expect(backends).toEqual(['cpu']);
    vectors.set(key, embeddings.data);
  }
  return vectors;
}

const sorted = (vectors: ReadonlyMap<unknown, Float32Array>): readonly (readonly [unknown, Float32Array])[] =>
  [...vectors].toSorted(([a], [b]) => Number(a) - Number(b));

test('encodeMany and encode give what one thread gives, whoever computes it', async () => {
  const threads = new Set<Worker>();
  onBatch((worker) => threads.add(worker));
  const reports: EncodeManyProgress[] = [];
  const onProgress = (progress: EncodeManyProgress): void => void reports.push(progress);
  const vectors = await vectorsOf(model, { onProgress });
  expect(threads.size).toBe(2);
  expect(sorted(vectors)).toEqual(sorted(await vectorsOf(local)));
  expect(reports.at(-1)).toMatchObject({ done: 40, failed: 0 });

  const options = { chunks: 'sentences', normalize: true, batchTokens: 128 } as const;
  const [together, alone] = await Promise.all([model.encode(TEXTS, options), local.encode(TEXTS, options)]);
  expect(together).toEqual(alone);
  expect(model.workers).toBe(2);
  expect(local.workers).toBe(0);
});

test('no more texts are taken than the window holds, also while batches run', async () => {
  let [used, isClosed] = [0, false];
  function* texts(): Generator<string> {
    try {
      for (; used < 1_000; used++) yield TEXTS[used % TEXTS.length];
    } finally {
      isClosed = true;
    }
  }
  let received = 0;
  for await (const { key } of model.encodeMany(texts(), { lookAhead: 24, batchTokens: 128 })) {
    expect(key).toBeTypeOf('number');
    expect(used - ++received).toBeLessThanOrEqual(24);
    if (received === 60) break;
  }
  expect(isClosed).toBe(true);
});

test('a source that waits for results gets them; one that fails ends the stream after them', async () => {
  const answered: unknown[] = [];
  async function* asking(): AsyncGenerator<{ key: string; text: string }> {
    for (const key of ['a', 'b', 'c']) {
      yield { key, text: key };
      while (!answered.includes(key)) await new Promise((resolve) => setTimeout(resolve));
    }
    throw new Error('the line is cut');
  }
  const all = (async () => {
    for await (const { key } of model.encodeMany(asking())) answered.push(key);
  })();
  await expect(all).rejects.toThrow('the line is cut');
  expect(answered).toEqual(['a', 'b', 'c']);
});

test('a wrong text is reported with its key, and the others go on', async () => {
  const errors: unknown[] = [];
  const keys: unknown[] = [];
  const texts = ['a', { key: 'wrong', text: 5 as never }, 'b', 'swims '.repeat(600)];
  const onError = ({ code }: Error & { code: string }, key: unknown): void => void errors.push([key, code]);
  for await (const { key } of model.encodeMany(texts, { onError, onLongText: 'throw' })) keys.push(key);
  expect(keys.toSorted()).toEqual([0, 2]);
  expect(errors).toEqual([
    ['wrong', 'INVALID_ARGUMENT'],
    [3, 'INVALID_ARGUMENT'],
  ]);
});

test('an abort reaches the thread, which then takes the next batch', async () => {
  const controller = new AbortController();
  onBatch(() => controller.abort(new Error('enough')));
  const stopped = model.encode(TEXTS, { signal: controller.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } });
  vi.restoreAllMocks();
  expect((await model.encode(TEXTS)).embeddings.shape).toEqual([40, 32]);
});

test('errors of a thread keep their codes and sentences', async () => {
  const elsewhere = model.encode('a', { backend: 'wasm' });
  await expect(elsewhere).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '[attn/core] run: there is no backend "wasm"; listed are cpu',
  });
  const wrongId = model.run({ inputIds: [[1, 99_999]] });
  const here = local.run({ inputIds: [[1, 99_999]] });
  const { code, message } = await here.catch((error: unknown) => error as Error & { code: string });
  await expect(wrongId).rejects.toMatchObject({ code, message });
  const uncloneable = model.run({ inputIds: [[1, () => {}]] as never });
  await expect(uncloneable).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('the batch cannot be copied to a worker thread'),
  });
  const { last_hidden_state: states } = await model.run({ inputIds: [[1, 2]] }, { onProgress: () => {} });
  expect(states.shape).toEqual([1, 2, 32]);
  const oops = new Error('oops');
  const onProgress = (): never => {
    throw oops;
  };
  await expect(model.run({ inputIds: [[1, 2]] }, { onProgress })).rejects.toBe(oops);
});

describe('a thread that dies', () => {
  test('loses nothing: another thread gets its batch', async () => {
    dieAt((count) => count === 1);
    expect(sorted(await vectorsOf(model))).toEqual(sorted(await vectorsOf(local)));
  });

  test('twice in the same batch ends that call alone', async () => {
    dieAt(() => true);
    await expect(model.encode('a')).rejects.toMatchObject({
      code: 'WORKER_DIED',
      message: '[attn/models] workers: a worker thread ended with exit code 1',
    });
    vi.restoreAllMocks();
    expect((await model.encode('a')).embeddings.shape).toEqual([1, 32]);
  });
});

test('dispose ends all threads and what they run; the model begins anew when it is used again', async () => {
  const own = await loadModel(ENCODER, { for: 'encode', workers: WORKERS });
  const exits: number[] = [];
  let ending: Promise<void> | undefined;
  onBatch((worker, count) => {
    worker.once('exit', (code) => exits.push(code));
    if (count === 1) ending = own[Symbol.asyncDispose]();
  });
  const running = own.encode(TEXTS, { batchTokens: 128 });
  await expect(running).rejects.toMatchObject({ code: 'DISPOSED' });
  await ending;
  expect(exits).toEqual([0, 0]);
  vi.restoreAllMocks();
  expect((await own.encode('a')).embeddings.shape).toEqual([1, 32]);
  await own[Symbol.asyncDispose]();
});

test('pipelines and rankers of pairs run in workers as well', async () => {
  await using scorer = await loadModel(SCORER, { for: 'rank', workers: { ...WORKERS, count: 1 } });
  const here = await loadModel(SCORER, { for: 'rank', attn });
  const [query, documents] = ['who narrates', ['call me ishmael', 'some years ago']];
  const options = { onWarning: () => {} };
  expect(await scorer.rank(query, documents, options)).toEqual(await here.rank(query, documents, options));
  await using judge = await pipeline('text-ranking', RERANKER, { workers: { ...WORKERS, count: 1 } });
  const judgeHere = await pipeline('text-ranking', RERANKER, { attn });
  expect(await judge(query, documents)).toEqual(await judgeHere(query, documents));
  await using extract = await pipeline('feature-extraction', ENCODER, { workers: WORKERS });
  expect(extract.model.workers).toBe(2);
  expect((await extract(['a', 'b'], { pooling: 'mean' })).dims).toEqual([2, 32]);
});

describe('what cannot be loaded is refused', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attn-workers-'));
    await cp(ENCODER, folder, { recursive: true });
    await writeFile(join(folder, 'model.safetensors'), 'no weights');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('with the error of the thread', async () => {
    const loading = loadModel(folder, { workers: WORKERS });
    await expect(loading).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    const urls = loadModel({ 'config.json': 'http://127.0.0.1:1/config.json' }, { workers: WORKERS });
    await expect(urls).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const aborted = loadModel(ENCODER, { workers: WORKERS, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    const classifier = loadModel(SCORER, { workers: { backend: 'cpu', count: 1 }, for: 'encodeSparse' });
    await expect(classifier).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test.each<[object, string]>([
    [{ workers: { count: 2 } }, 'backend must be "onnx", "wasm" or "cpu", got undefined'],
    [{ workers: { backend: 'webgpu' } }, 'backend must be "onnx", "wasm" or "cpu", got "webgpu"'],
    [{ workers: { backend: 'cpu', counts: 2 } }, 'did you mean count?'],
    [{ workers: { backend: 'cpu', count: 0 } }, 'count must be an integer from 1 to 256, got 0'],
    [{ workers: 2 }, 'workers must be'],
    [{ workers: WORKERS, inMemory: true }, 'inMemory must be absent, got true'],
    [{ workers: WORKERS, for: 'generate' }, 'workers do not generate texts'],
  ])('%o', async (options, message) => {
    await expect(loadModel(ENCODER, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    await expect(loadModel(ENCODER, { workers: WORKERS, attn })).rejects.toThrow('attn must be absent');
  });
});
