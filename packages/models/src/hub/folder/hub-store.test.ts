// Which files of a model on the hub are downloaded, and from where its weights come.
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { FileStore } from '../../files/file-store.ts';
import {
  BIN,
  COMPANIONS,
  ID,
  MAIN,
  modelOf,
  modelWithPullRequest,
  PULL_REQUEST,
  WEIGHTS,
} from '../hub-fixture.testing.ts';
import type { HubStoreOptions } from './hub-store.ts';
import { HubUser, MODEL } from './hub-user.testing.ts';
import { botProposal } from '../stub-hub.testing.ts';

const user = new HubUser();
const weightsOf = (store: FileStore, file = 'model.safetensors'): Promise<Uint8Array | undefined> =>
  store.bytes(file, 2 ** 20);

describe('what is downloaded', () => {
  test('weights, configs and the tokenizer, into the layout of the cache, once', async () => {
    await user.start();
    await user.works();
    const names = [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ];
    expect((await readdir(user.folder('snapshots', MAIN))).sort()).toEqual(names);
    expect(await readFile(user.folder('refs', 'main'), 'utf8')).toBe(MAIN);
    expect(await readlink(user.folder('snapshots', MAIN, 'config.json'))).toMatch(
      /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/,
    );
    expect(await user.locks()).toEqual([]);
    const before = user.hub.requests.length;
    await user.works();
    expect(user.hub.requests.slice(before)).toEqual([`GET /api/models/org/name/revision/main`]);
  });

  test('progress is that of all files together', async () => {
    await user.start();
    const progress: string[] = [];
    await user.load({ onDownload: ({ file, done, total }) => progress.push(`${file} ${done}/${total}`) });
    const total =
      WEIGHTS.length +
      ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'].reduce(
        (sum, name) => sum + (COMPANIONS.get(name)?.length ?? 0),
        0,
      );
    expect(progress.at(0)).toBe(`config.json 0/${total}`);
    expect(progress.at(-1)).toBe(`model.safetensors ${total}/${total}`);
  });

  test('without tokenizer.json, the files from which the tokenizer is made', async () => {
    const main = MODEL.revisions.get('main')?.files ?? new Map<string, Uint8Array>();
    const files = new Map([...main].filter(([name]) => name !== 'tokenizer.json'));
    await user.start({ id: ID, revisions: new Map([['main', { commit: MAIN, files }]]) });
    await user.load({ weights: false });
    expect(await readdir(user.folder('snapshots', MAIN))).toEqual(
      expect.arrayContaining(['vocab.json', 'merges.txt', 'config.json', 'tokenizer_config.json']),
    );
    expect(user.downloadsOf('model.safetensors')).toEqual([]);
    await user.works();
  });

  describe('modules of sentence-transformers', () => {
    const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const module = (path: string, type: string) => ({ path, type: `sentence_transformers.models.${type}` });
    const list = [
      module('', 'Transformer'),
      module('1_Pooling', 'Pooling'),
      module('2_Dense', 'Dense'),
      module('3_Normalize', 'Normalize'),
    ];
    const files = {
      'model.safetensors': WEIGHTS,
      'modules.json': text(list),
      'config_sentence_transformers.json': text({}),
      'sentence_bert_config.json': text({ max_seq_length: 9 }),
      '1_Pooling/config.json': text({ pooling_mode: 'mean' }),
      '2_Dense/config.json': text({ in_features: 2 }),
      '2_Dense/pytorch_model.bin': BIN,
      '3_Dense/model.safetensors': WEIGHTS.slice(0, 100),
      '3_Dense/pytorch_model.bin': BIN,
      'onnx/model.onnx': BIN,
      'onnx/config.json': text({}),
      '4_Dense/../../climbs.bin': BIN,
      '5_Dense/more/model.safetensors': BIN,
    };
    const expected = [
      '1_Pooling/config.json',
      '2_Dense/config.json',
      '2_Dense/pytorch_model.bin',
      '3_Dense/model.safetensors',
      'config_sentence_transformers.json',
      'modules.json',
      'sentence_bert_config.json',
    ];
    const here = async (): Promise<string[]> => {
      const all = await readdir(user.folder('snapshots', MAIN), { recursive: true });
      return all
        .map((name) => name.replaceAll('\\', '/'))
        .filter((name) => !COMPANIONS.has(name))
        .sort();
    };

    test('come with the weights, once, each in one form', async () => {
      await user.start(modelOf(files));
      const store = await user.load();
      const folders = ['1_Pooling', '2_Dense', '3_Dense'];
      expect(await here()).toEqual([...expected, ...folders, 'model.safetensors'].sort());
      for (const name of expected)
        expect(await store.bytes(name, 2 ** 20)).toEqual(Buffer.from(files[name as keyof typeof files]));
      const before = user.hub.requests.length;
      await user.load();
      expect(user.hub.requests).toHaveLength(before + 1);
      await user.load({ offline: true });
    });
    test('do not come with the tokenizer alone, and come later', async () => {
      await user.start(modelOf(files));
      await user.load({ weights: false });
      expect(await here()).toEqual([]);
      const store = await user.load();
      expect(await store.has('2_Dense/pytorch_model.bin')).toBe(true);
    });
    test('are missed where Python left some out', async () => {
      await user.start(modelOf(files));
      await user.load();
      await rm(user.folder('.attn'), { recursive: true });
      await user.load({ offline: true });
      await rm(user.folder('snapshots', MAIN, '2_Dense'), { recursive: true });
      await expect(user.load({ offline: true })).rejects.toThrow('lacks 2_Dense/config.json');
      expect(await (await user.load({ revision: MAIN })).has('2_Dense/config.json')).toBe(true);
    });
    test('are those of the model where the bot converted its weights', async () => {
      const { 'model.safetensors': _, ...bins } = files;
      const main = modelOf({ ...bins, 'pytorch_model.bin': BIN }).revisions.get('main');
      if (main === undefined) throw new Error('no main');
      const converted = new Map([...main.files, ['model.safetensors', WEIGHTS] as const]);
      converted.set('3_Dense/model.safetensors', BIN);
      const revisions = new Map([
        ['main', main],
        ['refs/pr/4', { commit: PULL_REQUEST, files: converted }],
      ]);
      await user.start({ id: ID, revisions, discussions: [botProposal(4)] });
      const store = await user.load();
      expect(await weightsOf(store)).toEqual(Buffer.from(WEIGHTS));
      expect(await weightsOf(store, '3_Dense/model.safetensors')).toEqual(Buffer.from(WEIGHTS.slice(0, 100)));
    });
  });

  test.each(['safetensors', 'bin'])('shards: %s', async (ending) => {
    const name = ending === 'bin' ? 'pytorch_model' : 'model';
    const shards = [1, 2].map((i) => `${name}-0000${i}-of-00002.${ending}`);
    const index = JSON.stringify({
      weight_map: { a: shards[0], b: shards[1], c: shards[1], d: '../climbs.bin' },
    });
    const files = { [shards[0]]: WEIGHTS, [shards[1]]: BIN };
    await user.start(
      modelOf({ ...files, [`${name}.${ending}.index.json`]: new TextEncoder().encode(index) }),
    );
    const totals = new Set<number>();
    const store = await user.load({ onDownload: ({ total }) => totals.add(total) });
    for (const shard of shards) expect(await weightsOf(store, shard)).toEqual(Buffer.from(files[shard]));
    expect(totals.size).toBe(1);
    await user.load({ offline: true });
    await rm(user.folder('snapshots', MAIN, shards[1]));
    await expect(user.load({ offline: true })).rejects.toThrow(`lacks ${shards[1]}`);
  });

  test('neither safetensors nor PyTorch: what it has instead', async () => {
    await user.start(modelOf({ 'tf_model.h5': BIN, 'rust_model.ot': BIN }));
    await expect(user.load()).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message:
        '[attn/models] hub: org/name must have model.safetensors or pytorch_model.bin, or an index of their shards; ' +
        'it has "tf_model.h5", "rust_model.ot"',
    });
  });
});

test('a copy without links, as Python keeps it on Windows, is not downloaded again', async () => {
  await user.start();
  await user.load();
  for (const name of await readdir(user.folder('snapshots', MAIN))) {
    const pointer = user.folder('snapshots', MAIN, name);
    const bytes = await readFile(pointer);
    await rm(pointer);
    await writeFile(pointer, bytes);
  }
  for (const name of ['blobs', '.attn']) await rm(user.folder(name), { recursive: true });
  const before = user.downloadsOf('').length;
  await user.works();
  expect(user.downloadsOf('').length).toBe(before);
});

describe('the conversion of the bot', () => {
  test('is used, said, remembered, and works offline', async () => {
    await user.start(modelWithPullRequest([botProposal(4)]));
    const store = await user.load();
    expect(store.revisionOf?.('model.safetensors')).toBe('refs/pr/4');
    expect(store.revisionOf?.('config.json')).toBe(undefined);
    expect(await weightsOf(store)).toEqual(Buffer.from(WEIGHTS));
    expect(await store.has('pytorch_model.bin')).toBe(false);
    expect(user.downloadsOf('pytorch_model.bin')).toEqual([]);
    expect(user.hub.requests.filter((request) => !/^(GET|POST \S*\/paths-info\/)/.test(request))).toEqual([]);
    const before = user.hub.requests.length;
    for (const options of [{ offline: true }, { revision: MAIN }]) {
      const cached = await user.load(options);
      expect(cached.revisionOf?.('model.safetensors')).toBe('refs/pr/4');
      expect(await weightsOf(cached)).toEqual(Buffer.from(WEIGHTS));
    }
    expect(user.hub.requests.length).toBe(before);
    const own = await user.load({ conversions: false });
    expect(await weightsOf(own, 'pytorch_model.bin')).toEqual(Buffer.from(BIN));
  });

  test('is not looked for where PyTorch’s file is here already', async () => {
    await user.start(modelWithPullRequest([botProposal(4)]));
    await user.load({ conversions: false });
    await rm(user.folder('.attn'), { recursive: true });
    const store = await user.load();
    expect(store.revisionOf?.('pytorch_model.bin')).toBe(undefined);
    expect(user.hub.requests.some((request) => request.includes('discussions'))).toBe(false);
  });

  const own = async (options: HubStoreOptions = {}): Promise<void> => {
    const store = await user.load(options);
    expect(await weightsOf(store, 'pytorch_model.bin')).toEqual(Buffer.from(BIN));
    expect(await store.has('model.safetensors')).toBe(false);
  };

  test.each([
    ['closed', { status: 'closed' }],
    ['another title', { title: 'Adding safetensors' }],
    ['another author', { author: { name: 'mallory' } }],
    ['a discussion', { isPullRequest: false }],
  ])('does not count: %s', async (_title, change) => {
    await user.start(modelWithPullRequest([botProposal(4, change)]));
    await own();
  });

  test('does not count when it converted other weights', async () => {
    await user.start(modelWithPullRequest([botProposal(4)], { bin: WEIGHTS }));
    await own();
  });

  test('does not count for an older commit', async () => {
    const { revisions, ...rest } = modelWithPullRequest([botProposal(4)]);
    const files = revisions.get('main')?.files ?? new Map<string, Uint8Array>();
    const tag = { commit: PULL_REQUEST.replace('beef', 'fade'), files };
    await user.start({ ...rest, revisions: new Map([...revisions, ['v1', tag] as const]) });
    await own({ revision: 'v1' });
  });

  test('is found on a later page, by a bot whose name has another case', async () => {
    const others = Array.from({ length: 23 }, (_, i) => botProposal(50 - i, { title: `Discussion ${i}` }));
    await user.start(modelWithPullRequest([...others, botProposal(4, { author: { name: 'SFConvertBot' } })]));
    expect((await user.load()).revisionOf?.('model.safetensors')).toBe('refs/pr/4');
  });

  test.each([404, 403, 500])('a look-up with status %i finds none', async (status) => {
    await user.start(modelWithPullRequest([botProposal(4)]));
    user.hub.faults.push({ url: '/discussions', status });
    await own({ attempts: 1 });
  });
});
