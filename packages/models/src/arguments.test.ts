// A public function accepts its arguments, or throws one typed sentence that says what is wrong with them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionTable } from '@attn/conformance/arguments';
import { describeFunctions } from '@attn/conformance/vitest';
import { createAttn, zeros, type Attn, type JsonObject } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, expect, test } from 'vitest';
import { goldenCalled } from './testing/golden-sets.testing.ts';
import { goldenFolder, readGolden } from './testing/goldens.testing.ts';
import * as models from './node.ts';
import { checkForWorkers } from './workers/load-in-workers.ts';

const attn = await createAttn({ backends: [cpu()] });
const folder = mkdtempSync(join(tmpdir(), 'attn-arguments-'));
afterAll(async () => {
  await attn.dispose();
  rmSync(folder, { recursive: true });
});

const filtering = await goldenCalled('today', 'text', 'privacy_filter');
const filter = await models.privacyFilterFamily.load(filtering.checkpoint);
const [long, lm, words, embedded, short] = await Promise.all(
  ['longformer_short', 'reformer_lm', 'linformer_lm', 'linformer_encoder', 'roberta_encoder'].map(readGolden),
);
const encoder2024 = await readGolden('today/models/mb_silu');
const [gemma, qwen] = await Promise.all([
  goldenCalled('today', 'models', 'eg_scalar'),
  goldenCalled('today', 'models', 'q3_sequence'),
]);
const bird = await goldenCalled('classic', 'bigbird', 'bigbird_just_long');
const longformer = await models.longformerFamily.load(long.checkpoint);
const reformer = await models.reformerFamily.load(lm.checkpoint);
const linformer = await models.linformerFamily.load(words.checkpoint);
const [classic, turned, jina] = await Promise.all([
  goldenCalled('classic', 'bert', 'bert_masked_lm_untied'),
  goldenCalled('classic', 'rotary', 'nomic_masked_lm'),
  goldenCalled('classic', 'rotary', 'jina_v3_encoder'),
]);
const [led, bart] = await Promise.all([
  goldenCalled('heads', 'led', 'led_generation'),
  goldenCalled('heads', 'bart', 'bart_generation'),
]);
const ledModel = await models.ledFamily.load(led.checkpoint);
const { decoder, cached } = ledModel.generation ?? expect.fail('no decoder');
const stepShape = () => ({ texts: { count: 1, length: 4, padding: true }, rows: 2, capacity: 4 });
const bert = await models.bertFamily.load(classic.checkpoint);
const vectors = await models.linformerFamily.load(embedded.checkpoint);
const tokenizer = models.byteTokenizer(-60);
const store = models.folderStore(goldenFolder('longformer_short'));
const folderOf = (id: string): models.FileStore => models.folderStore(goldenFolder(`classic/sentence/${id}`));
const [splade, cross] = await Promise.all([
  models.loadFrom(folderOf('splade_max'), { attn, for: 'encodeSparse' }),
  models.loadFrom(folderOf('cross_sigmoid'), { attn, for: 'rank' }),
]);
const twoVectors = zeros('f32', [2, 3]);

const { signal } = new AbortController();
const reading = { signal, onProgress: () => {}, inMemory: true };
const loading = {
  ...reading,
  architecture: 'LongformerModel',
  attn,
  families: models.FAMILIES,
  modules: true,
};
const http = { fetch: () => Promise.reject(new TypeError('no network')), headers: {}, signal };
const hub = {
  revision: 'main',
  accessToken: 'hf_x',
  hubUrl: 'http://127.0.0.1:1',
  cacheFolder: folder,
  offline: true,
  conversions: true,
  attempts: 1,
  idleTimeout: 1_000,
  onDownload: () => {},
  onWarning: () => {},
};
const padded = { inputIds: [[0, 5]], attentionMask: [[1, 0]] };
const masked = {
  inputIds: [[0, 5]],
  attentionMask: [[1, 2]],
  globalAttentionMask: [[1, 0]],
  tokenTypeIds: [[0, 0]],
};

/** The functions of a family. */
function family(family: models.ModelFamily, checkpoint: models.Checkpoint): FunctionTable {
  const { config } = checkpoint;
  const tokenizerOf = (json: JsonObject) => family.tokenizer?.(json);
  return {
    [`${family.name}.recognises`]: { call: family.recognises, args: () => [config], depth: 0 },
    [`${family.name}.slots`]: {
      call: family.slots,
      args: () => [{ config, has: () => true }, undefined],
      depth: 0,
    },
    [`${family.name}.tokenizer`]: { call: tokenizerOf, args: () => [config], depth: 0 },
    [`${family.name}.load`]: { call: family.load, args: () => [checkpoint, reading], options: [1], depth: 0 },
  };
}

/** The constructor of a loaded model. */
function construct(
  Class: new (...parts: ConstructorParameters<typeof models.LoadedModel>) => unknown,
  model: models.Model,
  settings: models.FolderSettings = {},
) {
  return {
    call: (...[a, b, c]: readonly unknown[]) =>
      new Class(a as models.Model, b as models.TextTokenizer, c as Attn, undefined, settings),
    args: () => [model, tokenizer, attn] as const,
    depth: 0,
  };
}

describeFunctions([models], {
  loadModel: {
    args: () => [goldenFolder('longformer_short'), { ...loading, ...hub, ...http }],
    options: [1],
    depth: 1,
  },
  'loadModel with workers': {
    call: (workers) => checkForWorkers({}, workers),
    args: () => [{ backend: 'cpu', count: 1, threads: 1 }],
    options: [0],
  },
  pipeline: {
    call: (task, options) => models.pipeline(task, goldenFolder('tasks/cls-bert'), options),
    args: () => ['text-classification', { ...loading, ...hub, ...http, architecture: undefined }],
    options: [1],
    depth: 1,
    after: (classify) => (classify as models.Pipeline<'text-classification'>).dispose(),
  },
  loadFrom: {
    call: (options) => models.loadFrom(store, options),
    args: () => [loading],
    options: [0],
    depth: 1,
  },
  'loadFrom of a store': { call: models.loadFrom, args: () => [store], depth: 0 },
  findFamily: { args: () => [{ model_type: 'longformer' }, models.FAMILIES], depth: 0 },
  openCheckpoint: {
    args: () => [store],
    depth: 0,
    after: (opened) => (opened as models.Checkpoint).dispose(),
  },
  blobStore: { args: () => [[new File(['{}'], 'config.json')]], depth: 0 },
  urlStore: { args: () => ['http://127.0.0.1:1/', { ...http, attempts: 1 }], options: [1] },
  folderStore: { args: () => [folder, 'a name'] },
  openTensorFile: {
    args: () => [join(goldenFolder('longformer_short'), 'model.safetensors')],
    after: (file) => (file as models.TensorFile).dispose(),
  },
  textVectors: 'its row is in tasks/vector-arguments.test.ts',
  openModel: 'its sources are those of loadModel, and its options those of hubStore',
  loadTokenizer: 'its sources and options are those of openModel',
  hubStore: 'asks for a model that is there; its options are those of loadModel',
  isCached: { args: () => ['org/name', { revision: 'main', cacheFolder: folder }], options: [1] },
  listCached: { args: () => [{ cacheFolder: folder }], options: [0] },
  clearCached: { args: () => ['org/name', { cacheFolder: folder }], options: [1] },
  writeCheckpoint: {
    // Folders with wrong names must not be made in the working directory.
    call: (name: unknown, ...rest: never[]) =>
      (models.writeCheckpoint as (...args: unknown[]) => Promise<void>)(
        typeof name === 'string' && name !== '' ? join(folder, name) : name,
        ...rest,
      ),
    args: () => ['out', short.checkpoint, { signal, onProgress: () => {}, files: { 'a.txt': 'a' } }],
    options: [2],
    depth: 0,
  },
  toLongformer: {
    args: () => [short.checkpoint, { window: [4, 4], maxPositions: 100, sepTokenId: 2 }],
    options: [1],
    depth: 0,
  },
  quantizeCheckpoint: {
    args: () => [long.checkpoint, { dtype: 'q8', families: [models.longformerFamily] }],
    options: [1],
    depth: 0,
  },
  memoryCheckpoint: { args: () => [{}, new Map([['a', zeros('f32', [1])]]), 'a name'] },
  randomCheckpoint: {
    args: () => [
      models.longformerFamily,
      long.checkpoint.config,
      { seed: 1, architecture: 'LongformerModel', dtype: 'f16' },
    ],
    options: [2],
    depth: 0,
  },
  byteTokenizer: { args: () => [2] },
  'byteTokenizer.encode': { call: tokenizer.encode, args: () => ['abc', { pair: 'd' }], options: [1] },
  'byteTokenizer.decode': { call: tokenizer.decode, args: () => [[5, 6]] },
  ...family(models.longformerFamily, long.checkpoint),
  ...family(models.ledFamily, led.checkpoint),
  ...family(models.bartFamily, bart.checkpoint),
  'EncoderDecoder.call': {
    call: ledModel.call.bind(ledModel),
    args: () => [
      {
        inputIds: [[0, 5]],
        attentionMask: [[1, 2]],
        globalAttentionMask: [[1, 0]],
        decoderInputIds: [[2, 5, 6]],
        decoderAttentionMask: [[1, 1, 0]],
      },
      { hiddenStates: true },
    ],
    options: [0, 1],
  },
  'EncoderDecoder.fixedGraph': {
    call: ledModel.fixedGraph.bind(ledModel),
    args: () => [{ batch: 1, length: 4, globalTokens: [0] }],
    options: [0],
  },
  'DecoderRules.encode': {
    call: decoder?.encode,
    args: () => [{ inputIds: [[0, 5]], attentionMask: [[1, 2]], globalAttentionMask: [[1, 0]] }],
    options: [0],
  },
  'CachedDecoding.step': {
    call: cached?.step,
    args: () => [{ ...stepShape(), length: 1, best: { count: 2, sums: true } }],
    options: [0],
  },
  'CachedDecoding.inputs': {
    call: cached?.inputs,
    args: () => [
      { ...stepShape(), length: 2 },
      {
        ids: [
          [5, 6],
          [7, 8],
        ],
        position: 1,
        count: 2,
      },
    ],
    options: [0, 1],
  },
  toLed: {
    args: () => [bart.checkpoint, { window: [4], maxPositions: 100 }],
    options: [1],
    depth: 0,
  },
  ...family(models.reformerFamily, lm.checkpoint),
  ...family(models.linformerFamily, words.checkpoint),
  ...family(models.modernBertFamily, encoder2024.checkpoint),
  ...family(models.bertFamily, classic.checkpoint),
  ...family(models.nomicFamily, turned.checkpoint),
  ...family(models.jinaFamily, jina.checkpoint),
  'EncoderModel.call': {
    call: bert.call.bind(bert),
    args: () => [
      { inputIds: [[0, 5]], attentionMask: [[1, 0]], tokenTypeIds: [[0, 1]], positionIds: [[0, 1]] },
      { hiddenStates: true },
    ],
    options: [0, 1],
  },
  'EncoderModel.fixedGraph': {
    call: bert.fixedGraph.bind(bert),
    args: () => [{ batch: 1, length: 4 }],
    options: [0],
  },
  ...family(models.gemmaEmbeddingFamily, gemma.checkpoint),
  ...family(models.qwen3Family, qwen.checkpoint),
  ...family(models.bigBirdFamily, bird.checkpoint),
  Longformer: {
    call: (...[a, b]) => new models.Longformer(a, b),
    args: () => [longformer.config, longformer.weights],
    depth: 0,
  },
  'Longformer.call': {
    call: longformer.call.bind(longformer),
    args: () => [masked, { hiddenStates: true }],
    options: [0, 1],
  },
  'Longformer.fixedGraph': {
    call: longformer.fixedGraph.bind(longformer),
    args: () => [{ batch: 1, length: 4, globalTokens: [0] }],
    options: [0],
  },
  Reformer: {
    call: (...[a, b]) => new models.Reformer(a, b),
    args: () => [reformer.config, reformer.weights],
    depth: 0,
  },
  'Reformer.call': {
    call: reformer.call.bind(reformer),
    args: () => [padded, { hiddenStates: true, rotations: new Map(), seed: 1 }],
    options: [0, 1],
  },
  'Reformer.fixedGraph': {
    call: reformer.fixedGraph.bind(reformer),
    args: () => [{ batch: 1, length: 4 }],
    options: [0],
  },
  Linformer: {
    call: (parts) => new models.Linformer(parts),
    args: () => [{ origin: 'lucidrains', config: linformer.config, weights: linformer.weights }],
    depth: 0,
  },
  'Linformer.call': { call: linformer.call.bind(linformer), args: () => [padded], options: [0] },
  'Linformer.callVectors': {
    call: vectors.callVectors.bind(vectors),
    args: () => [{ inputsEmbeds: zeros('f32', [1, 2, 32]), attentionMask: [[1, 0]] }],
    options: [0],
  },
  'Linformer.fixedGraph': {
    call: linformer.fixedGraph.bind(linformer),
    args: () => [{ batch: 1, length: 4 }],
    options: [0],
  },
  ...family(models.privacyFilterFamily, filtering.checkpoint),
  PrivacyFilter: {
    call: (...[a, b]) => new models.PrivacyFilter(a, b),
    args: () => [filter.config, filter.weights],
    depth: 0,
  },
  'PrivacyFilter.call': {
    call: filter.call.bind(filter),
    args: () => [padded, { hiddenStates: true }],
    options: [0, 1],
  },
  'PrivacyFilter.fixedGraph': {
    call: filter.fixedGraph.bind(filter),
    args: () => [{ batch: 1, length: 4 }],
    options: [0],
  },
  viterbi: {
    args: () => [
      zeros('f32', [1, 2, 5]),
      { labels: ['O', 'B-a', 'I-a', 'E-a', 'S-a'], biases: { endToStart: 1 }, attentionMask: [[1, 0]] },
    ],
    options: [1],
  },
  decodeSpans: {
    args: () => [
      [0, 1, -1],
      ['O', 'S-a'],
    ],
  },
  spansInText: {
    args: () => [
      'a b',
      [
        [0, 1],
        [1, 3],
      ],
      [{ type: 'x', start: 0, end: 2 }],
    ],
  },
  readCalibration: {
    args: () => [
      {
        operating_points: {
          default: {
            biases: {
              transition_bias_background_stay: 0,
              transition_bias_background_to_start: 0,
              transition_bias_inside_to_continue: 0,
              transition_bias_inside_to_end: 0,
              transition_bias_end_to_background: 0,
              transition_bias_end_to_start: 0,
            },
          },
        },
      },
      'default',
    ],
    depth: 0,
  },
  LoadedModel: construct(models.LoadedModel, longformer),
  Encoder: construct(models.Encoder, longformer),
  SparseEncoder: construct(models.SparseEncoder, splade.network, splade.settings),
  PairScorer: construct(models.PairScorer, cross.network),
  TextGenerator: construct(models.TextGenerator, reformer),
  similarity: { args: () => [twoVectors, zeros('f32', [3]), 'dot'] },
  'similarity of sparse vectors': {
    call: models.similarity,
    args: () => [[{ indices: Int32Array.of(1), values: Float32Array.of(2) }], twoVectors],
  },
  maxSim: { args: () => [twoVectors, twoVectors] },
  quantizeEmbeddings: { args: () => [twoVectors, 'int8', { ranges: twoVectors }], options: [2] },
  rangesOf: { args: () => [twoVectors] },
});

test('a model of the hub: options and an id that are wrong', async () => {
  const options = { ...hub, fetch: http.fetch, signal };
  await expect(models.hubStore('org/name', options)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(models.hubStore(5 as never, options)).rejects.toThrow('like org/name, got 5');
  const misspelt = models.hubStore('org/name', { ...options, access_token: 'x' } as never);
  await expect(misspelt).rejects.toThrow('did you mean accessToken?');
});
