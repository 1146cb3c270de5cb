// Loading from folders, URLs, shards and the hub: all give the
// golden's output, and read no more than they need.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttn, type Attn, type JsonObject, type Tensor } from '@attn/core';
import { isLazy, sizeOf } from '@attn/core/backend';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { parseSafetensors, serializeSafetensors } from '@attn/safetensors';
import { writeSafetensorsFile } from '@attn/safetensors/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { filesOf, serveFiles, type Files, type TestServer } from './files/server.testing.ts';
import { botProposal, commitOf, startStubHub, type StubHub } from './hub/stub-hub.testing.ts';
import { differences } from './testing/differences.testing.ts';
import { goldenFolder, readGolden, type Golden } from './testing/goldens.testing.ts';
import { loadModel, type DownloadProgress, type LoadedModel, type NodeLoadOptions } from './node.ts';

const ID = 'longformer_short';
const HUB_ID = 'org/longformer-short';
const source = goldenFolder(ID);
let golden: Golden;
let files: Files;
let attn: Attn;
let folder: string;
const servers: Pick<TestServer, 'close'>[] = [];

beforeAll(async () => {
  golden = await readGolden(ID);
  files = await filesOf(source);
  attn = await createAttn({ backends: [cpu(), onnx({ threads: 1 })] });
});
afterAll(() => attn.dispose());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-models-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  for (const server of servers.splice(0)) await server.close();
});

const started = async (starting: Promise<TestServer>): Promise<TestServer> => {
  const server = await starting;
  servers.push(server);
  return server;
};
const works = async (
  where: Parameters<typeof loadModel>[0],
  options: NodeLoadOptions = {},
): Promise<void> => {
  const loaded = await loadModel(where, { attn, ...options });
  expect(differences(golden, await loaded.run(golden.batch))).toEqual([]);
  loaded.dispose();
};
const put = async (
  changes: Record<string, Uint8Array | string> = {},
  without: readonly string[] = [],
): Promise<string> => {
  for (const [name, bytes] of [...files, ...Object.entries(changes)]) {
    if (!without.includes(name)) await writeFile(join(folder, name), bytes);
  }
  return folder;
};

/** The checkpoint in two files with an index. */
async function putShards(
  change: (index: { weight_map: Record<string, string> }) => unknown = (index) => index,
): Promise<string> {
  await put({}, ['model.safetensors']);
  const tensors = [...parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(0)).tensors];
  const shard = (i: number): string => `model-0000${i + 1}-of-00002.safetensors`;
  const map: Record<string, string> = {};
  for (const i of [0, 1]) {
    const part = tensors.filter((_, at) => at % 2 === i);
    await writeSafetensorsFile(join(folder, shard(i)), new Map<string, Tensor>(part));
    for (const [name] of part) map[name] = shard(i);
  }
  const index = change({ weight_map: map });
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  return folder;
}

test('a folder', () => works(source));

describe('weights on disk', () => {
  test('are read when a backend needs them, unless they are to be in memory', async () => {
    const [later, now] = await Promise.all(
      [false, true].map((inMemory) => loadModel(source, { attn, inMemory })),
    );
    const constants = ({ network: model }: LoadedModel): readonly Tensor[] => [
      ...model.call(golden.batch).graph.constants.values(),
    ];
    const largeOnes = constants(later).filter(({ shape }) => sizeOf(shape) >= 1024);
    expect(largeOnes.length).toBeGreaterThan(4);
    expect(largeOnes.every(isLazy)).toBe(true);
    expect(constants(now).some(isLazy)).toBe(false);
    for (const model of [later, now]) expect(differences(golden, await model.run(golden.batch))).toEqual([]);
  });

  test('must stay as they are until then', async () => {
    const [changed, unchanged] = [await put(), await mkdtemp(join(folder, 'kept-'))];
    for (const [name, bytes] of files) await writeFile(join(unchanged, name), bytes);
    const weights = files.get('model.safetensors') ?? new Uint8Array(0);
    for (const backend of ['cpu', 'onnx']) {
      await writeFile(join(changed, 'model.safetensors'), weights);
      const later = await loadModel(changed, { attn });
      await writeFile(join(changed, 'model.safetensors'), weights); // the same bytes at another time
      await expect(later.run(golden.batch, { backend })).rejects.toMatchObject({
        code: 'MALFORMED_FILE',
        message: expect.stringContaining('it has changed since it was opened'),
      });
    }
    const now = await loadModel(unchanged, { attn, inMemory: true });
    await rm(unchanged, { recursive: true });
    expect(differences(golden, await now.run(golden.batch))).toEqual([]);
  });
});

test('shards with an index', async () => works(await putShards()));

describe('the web', () => {
  test('one URL, or one for each file', async () => {
    const { url } = await started(serveFiles(files));
    await works(url);
    await works(new URL(url));
    await works({
      'config.json': `${url}/config.json`,
      'model.safetensors': new URL('/model.safetensors', url),
    });
  });
  test('tensors are fetched once, with their neighbours', async () => {
    const { url, requests } = await started(serveFiles(files));
    await works({ 'config.json': `${url}/config.json`, 'model.safetensors': `${url}/model.safetensors` });
    const ranges = requests.filter((request) => request.startsWith('GET /model.safetensors'));
    expect(new Set(ranges).size).toBe(ranges.length);
    // Requests for the size, the first bytes, the header, and all tensors, which lie end to end.
    expect(ranges.length).toBe(4);
  });
  test('what is not there', async () => {
    const { url } = await started(serveFiles(new Map()));
    await expect(loadModel(url)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `[attn/models] load: there is no config.json in ${url}/: there is no public file ${url}/config.json (status 404)`,
    });
  });
});

describe('the hub', () => {
  const load = (hub: StubHub, options: NodeLoadOptions = {}): Promise<LoadedModel> =>
    loadModel(HUB_ID, { attn, hubUrl: hub.url, cacheFolder: folder, offline: false, ...options });

  test('a model, then its cached copy', async () => {
    const main = { commit: commitOf('c0ffee'), files };
    const hub = await startStubHub([{ id: HUB_ID, revisions: new Map([['main', main]]) }]);
    servers.push(hub);
    const names: string[] = [];
    for (const options of [
      { onDownload: ({ file }: DownloadProgress) => names.push(file) },
      { offline: true },
    ]) {
      const loaded = await load(hub, options);
      expect(differences(golden, await loaded.run(golden.batch))).toEqual([]);
      loaded.dispose();
    }
    expect(new Set(names)).toEqual(new Set(['config.json', 'model.safetensors']));
  });

  test('the weights that the bot converted', async () => {
    const weights = files.get('model.safetensors') ?? new Uint8Array(0);
    const bin = new Map([...files, ['pytorch_model.bin', weights.slice(0, 100)] as const]);
    bin.delete('model.safetensors');
    const main = { commit: commitOf('c0ffee'), files: bin };
    const pullRequest = {
      commit: commitOf('beef'),
      files: new Map([...bin, ['model.safetensors', weights]]),
    };
    const revisions = new Map([
      ['main', main],
      ['refs/pr/4', pullRequest],
    ]);
    const hub = await startStubHub([{ id: HUB_ID, revisions, discussions: [botProposal(4)] }]);
    servers.push(hub);
    const loaded = await load(hub);
    expect(differences(golden, await loaded.run(golden.batch))).toEqual([]);
    loaded.dispose();
  });

  test('an id that climbs is none', async () => {
    await expect(loadModel('../other', { attn })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

describe('what is refused', () => {
  const refusal = async (error: object, loading: Promise<unknown>): Promise<void> => {
    await expect(loading).rejects.toMatchObject(error);
  };
  test('no folder', () => refusal({ code: 'FILE_NOT_FOUND' }, loadModel('./no such folder')));
  test('an empty folder', () =>
    refusal(
      { code: 'FILE_NOT_FOUND', message: expect.stringContaining('no config.json') },
      loadModel(folder),
    ));
  test('no weights', async () =>
    refusal(
      { code: 'FILE_NOT_FOUND', message: expect.stringContaining('neither model.safetensors nor') },
      loadModel(await put({}, ['model.safetensors'])),
    ));
  test('a file that PyTorch has not written', async () =>
    refusal(
      {
        code: 'MALFORMED_FILE',
        message: expect.stringContaining('pytorch_model.bin'),
      },
      loadModel(await put({ 'pytorch_model.bin': 'x' }, ['model.safetensors'])),
    ));
  test('another model', async () =>
    refusal(
      {
        code: 'UNSUPPORTED',
        message: expect.stringContaining('has the model_type "gpt2"; known are longformer'),
      },
      loadModel(await put({ 'config.json': '{"model_type":"gpt2"}' })),
    ));
  test.each(['', '[]', 'null', '{"a":', '{"model_type":"longformer"}', '\ufeff\u0000'])(
    'config.json %j',
    async (text) => refusal({ code: 'MALFORMED_FILE' }, loadModel(await put({ 'config.json': text }))),
  );
  test('a folder in place of weights', async () => {
    await put({}, ['model.safetensors']);
    await mkdir(join(folder, 'model.safetensors'));
    await refusal({ code: 'FILE_NOT_FOUND' }, loadModel(folder));
  });
  test('a tokenizer that is none', async () =>
    refusal({ code: 'MALFORMED_FILE' }, loadModel(await put({ 'tokenizer.json': '{}' }))));
  test.each<[string, (index: { weight_map: Record<string, string> }) => unknown, string]>([
    ['no map', () => ({}), 'must have an object weight_map, got undefined'],
    [
      'a file elsewhere',
      (index) => ({ weight_map: { ...index.weight_map, x: '../x.safetensors' } }),
      'must place "x" in a .safetensors file beside it',
    ],
    [
      'a file of another kind',
      (index) => ({ weight_map: { ...index.weight_map, x: 'x.bin' } }),
      'got "x.bin"',
    ],
    [
      'a tensor that is not there',
      (index) => ({ weight_map: { ...index.weight_map, x: 'model-00001-of-00002.safetensors' } }),
      'has no tensor "x"',
    ],
    [
      'a tensor that is not listed',
      ({ weight_map: { 'embeddings.LayerNorm.bias': _, ...rest } }) => ({ weight_map: rest }),
      'has a tensor "embeddings.LayerNorm.bias" that',
    ],
  ])('an index with %s', async (_title, change, message) => {
    await refusal(
      { code: 'MALFORMED_FILE', message: expect.stringContaining(message) },
      loadModel(await putShards(change)),
    );
  });
  test('an index that lists a file that is missing', async () => {
    await putShards();
    await rm(join(folder, 'model-00002-of-00002.safetensors'));
    await refusal({ code: 'FILE_NOT_FOUND' }, loadModel(folder));
  });
  test('a config that claims more than the file has', async () => {
    const config: JsonObject = { ...golden.checkpoint.config, vocab_size: 2 ** 31 - 1 };
    const error = {
      code: 'MALFORMED_FILE',
      message: expect.stringContaining('must be [2147483647, 32], got [99, 32]'),
    };
    await refusal(error, loadModel(await put({ 'config.json': JSON.stringify(config) })));
  });
});

test('half-precision checkpoints are half the size, and close', async () => {
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(0))
    .tensors) {
    const { float32ToHalf } = await import('@attn/core/backend');
    tensors.set(name, { dtype: 'f16', shape, data: float32ToHalf(data) });
  }
  const loaded = await loadModel(await put({ 'model.safetensors': serializeSafetensors(tensors) }), { attn });
  const { last_hidden_state: state } = await loaded.run(golden.batch);
  const expected = golden.tensors.get('out.last_hidden_state')?.data ?? [];
  const worst = Math.max(...Array.from(state.data, (value, i) => Math.abs(value - expected[i])));
  expect(worst).toBeGreaterThan(1e-5);
  expect(worst).toBeLessThan(2e-2);
});
