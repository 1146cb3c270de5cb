// Loading models with quantised weights: what is chosen where nobody says it, folders of codes in the hub's
// cache, and aborts, which leave nothing.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttn, type Attn, type Backend } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bertFamily } from './bert/index.ts';
import { BERT_PRESETS } from './bert/presets.ts';
import { randomCheckpoint } from './checkpoint/random.ts';
import { filesOf } from './files/server.testing.ts';
import { commitOf, startStubHub } from './hub/stub-hub.testing.ts';
import type { FamilyOptions } from './model.ts';
import {
  folderStore,
  loadModel,
  openCheckpoint,
  quantizeCheckpoint,
  writeCheckpoint,
  type Encoder,
  type NodeLoadOptions,
  type ReadProgress,
} from './node.ts';
import { goldenFolder } from './testing/goldens.testing.ts';

const SENTENCES = goldenFolder('tasks/st-mean');
const TEXTS = ['A man plays the guitar.', 'Someone makes music.'];

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-forms-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Writes the codes of the sentence model to a folder of this name. */
async function writeCodes(name: string, signal?: AbortSignal, onProgress?: () => void): Promise<string> {
  const path = join(folder, name);
  await using checkpoint = await openCheckpoint(folderStore(SENTENCES));
  const codes = await quantizeCheckpoint(checkpoint, { dtype: 'q8' });
  const store = folderStore(SENTENCES);
  const names = ['tokenizer.json', 'modules.json', '1_Pooling/config.json'];
  const files = await Promise.all(
    names.map(async (file) => [file, (await store.bytes(file, 2 ** 24)) ?? expect.fail(file)] as const),
  );
  await writeCheckpoint(path, codes, { signal, onProgress, files: Object.fromEntries(files) });
  return path;
}

/** Loads the sentence model on backends, and calls `work` with it. */
async function withModel<T>(
  backends: readonly Backend[],
  options: NodeLoadOptions,
  work: (model: Encoder, attn: Attn) => T | Promise<T>,
  backend?: string,
): Promise<T> {
  await using attn = await createAttn({ backends, ...(backend !== undefined && { backend }) });
  return await work(await loadModel(SENTENCES, { ...options, attn, for: 'encode' }), attn);
}

/** How the quantised layers of a model read their inputs. */
function inputsOf({ network }: Encoder): readonly unknown[] {
  const { nodes } = network.call({ inputIds: [[0, 5, 2]] }).graph;
  const layers = nodes.filter(({ op }) => op === 'quantizedLinear');
  return [...new Set(layers.map(({ attributes }) => 'inputs' in attributes && attributes.inputs))];
}

describe('activations', () => {
  test.each<[string, () => readonly Backend[], string | undefined, NodeLoadOptions, string, string]>([
    ['wasm gains', () => [wasm({ threads: 1 }), cpu()], undefined, {}, 'integer', 'int12'],
    ['onnx does not', () => [onnx(), cpu()], undefined, {}, 'f32', 'float'],
    ['of both, the one that runs is not known', () => [wasm(), onnx()], undefined, {}, 'f32', 'float'],
    ['of both, one is the default', () => [wasm(), onnx()], 'wasm', {}, 'integer', 'int12'],
    ['a word counts more', () => [wasm()], undefined, { activations: 'f32' }, 'f32', 'float'],
    ['bytes need a word', () => [onnx()], undefined, { activations: 'int8' }, 'int8', 'int8'],
  ])('%s', async (_title, backends, backend, options, activations, inputs) => {
    const check = (model: Encoder): void => {
      expect(model.weights?.forms).toEqual({ linear: 'q8', embeddings: 'q8', activations });
      expect(inputsOf(model)).toEqual([inputs]);
    };
    await withModel(backends(), { dtype: 'q8', ...options }, check, backend);
  });

  test('without backends inputs stay as they are, and so they do where no layer has codes', async () => {
    const { weights } = await loadModel(SENTENCES, { dtype: 'q4' });
    expect(weights?.forms).toEqual({ linear: 'q4', embeddings: 'q4', activations: 'f32' });
    const exact = await withModel([wasm()], {}, (model) => model.weights?.forms);
    expect(exact).toEqual({ linear: 'f32', embeddings: 'f32', activations: 'f32' });
  });

  test('the default gives the same vectors with any number of threads, at each loading', async () => {
    const vectors = (threads: number): Promise<Float32Array> =>
      withModel(
        [wasm({ threads })],
        { dtype: 'q8' },
        async (model) => (await model.encode(TEXTS)).embeddings.data,
      );
    const expected = await vectors(1);
    for (const threads of [1, 2, 3]) expect(await vectors(threads)).toEqual(expected);
  });

  test('bytes stay near, on every backend', async () => {
    const vectors = (backends: readonly Backend[], options: NodeLoadOptions): Promise<Float32Array> =>
      withModel(
        backends,
        options,
        async (model) => (await model.encode(TEXTS, { normalize: true })).embeddings.data,
      );
    const exact = await vectors([cpu()], {});
    for (const backends of [[cpu()], [wasm()], [onnx()], [webgpu()]]) {
      const near = await vectors(backends, { dtype: 'q8', activations: 'int8' });
      const cosine = near.reduce((sum, value, i) => sum + value * exact[i], 0) / TEXTS.length;
      expect(cosine).toBeGreaterThan(0.995);
      expect(near).not.toEqual(exact);
    }
  });

  test('codes and halves mean the same on webgpu as on cpu', async () => {
    const form: NodeLoadOptions = { dtype: { linear: 'q4', embeddings: 'f16' }, activations: 'f32' };
    const [expected, computed] = await Promise.all(
      [cpu(), webgpu()].map((backend) =>
        withModel([backend], form, async (model) => (await model.encode(TEXTS)).embeddings.data),
      ),
    );
    const farthest = Math.max(...computed.map((value, i) => Math.abs(value - expected[i])));
    expect(farthest).toBeLessThan(1e-3 * Math.max(...expected.map(Math.abs)));
  });
});

test('predictions know how fast a form is', async () => {
  await using attn = await createAttn({
    backends: [wasm({ threads: 1 }), onnx({ threads: 1 }), cpu()],
    cache: false,
  });
  const config = { ...BERT_PRESETS['bert-base-uncased'], num_hidden_layers: 1, vocab_size: 100 };
  const checkpoint = randomCheckpoint(bertFamily, config, { architecture: 'BertModel' });
  const predicted = async (options: FamilyOptions): Promise<Readonly<Record<string, number>>> => {
    const model = await bertFamily.load(checkpoint, { ...options, architecture: 'BertModel' });
    const rows = attn.explain(model.fixedGraph({ batch: 1, length: 512 }));
    return Object.fromEntries(rows.map(({ backend, predictedMs = NaN }) => [backend, predictedMs]));
  };
  const [exact, float, integer, bytes] = [
    await predicted({}),
    await predicted({ dtype: 'q8' }),
    await predicted({ dtype: 'q8', activations: 'integer' }),
    await predicted({ dtype: 'q8', activations: 'int8' }),
  ];
  expect(exact.wasm / integer.wasm).toBeGreaterThan(1.2);
  expect(exact.wasm / float.wasm).toBeGreaterThan(0.8);
  expect(exact.onnx / bytes.onnx).toBeGreaterThan(1.2);
  expect(exact.onnx / float.onnx).toBeGreaterThan(0.8);
  expect(exact.cpu / float.cpu).toBeLessThan(0.5);
});

test("dtype 'auto' leaves a small model as it is, also one of codes", async () => {
  const forms = async (source: string) => (await loadModel(source, { dtype: 'auto' })).weights?.forms;
  expect(await forms(SENTENCES)).toMatchObject({ linear: 'f32', embeddings: 'f32' });
  expect(await forms(await writeCodes('auto'))).toMatchObject({ linear: 'q8', embeddings: 'q8' });
});

test('a folder of codes comes from the hub, and from its cache', async () => {
  const local = await writeCodes('published');
  const main = { commit: commitOf('c0de'), files: await filesOf(local) };
  const hub = await startStubHub([{ id: 'org/codes', revisions: new Map([['main', main]]) }]);
  await using attn = await createAttn({ backends: [cpu()] });
  const place = { attn, hubUrl: hub.url, cacheFolder: join(folder, 'cache'), attempts: 1 };
  const vectors = async (source: string, options: NodeLoadOptions): Promise<Float32Array> => {
    const model = await loadModel(source, { ...options, attn, for: 'encode' });
    expect(model.weights?.forms).toMatchObject({ linear: 'q8', embeddings: 'q8' });
    return (await model.encode(TEXTS)).embeddings.data;
  };
  const expected = await vectors(local, {});
  expect(await vectors('org/codes', { ...place, offline: false })).toEqual(expected);
  await hub.close();
  expect(await vectors('org/codes', { ...place, offline: true })).toEqual(expected);
});

describe('an abort', () => {
  test('ends quantising at loading', async () => {
    const stop = new AbortController();
    const steps: ReadProgress[] = [];
    const onProgress = (step: ReadProgress): void => {
      steps.push(step);
      if (step.done > 0) stop.abort();
    };
    const loading = loadModel(SENTENCES, { dtype: 'q4', signal: stop.signal, onProgress });
    await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
    const { done, total } = steps.at(-1) ?? expect.fail('no step');
    expect(done).toBeLessThan(total);
  });

  test('ends writing codes, and leaves no file', async () => {
    const before = await readdir(folder);
    const stop = new AbortController();
    const writing = writeCodes('stopped', stop.signal, () => stop.abort());
    await expect(writing).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(folder)).toEqual(before);
  });
});
