// Damaged and hostile checkpoints give a typed error or a model, never
// anything else, and no memory is allocated for sizes that are only claimed.
import { AttnError, type Json, type JsonObject } from '@attn/core';
import { openTensors } from './files/tensor-file.ts';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, type Files } from './files/server.testing.ts';
import type { FileStore } from './files/file-store.ts';
import { goldenCases } from './testing/golden-sets.testing.ts';
import { goldenFolder } from './testing/goldens.testing.ts';
import { loadFrom } from './load.ts';
import { LoadedModel } from './loaded-model.ts';

let files: Files;
let config: JsonObject;
let reformerFiles: Files;
let reformerConfig: JsonObject;
let modernBertFiles: Files;
let modernBertConfig: JsonObject;
let birdFiles: Files;
let birdConfig: JsonObject;
let filterFiles: Files;
let filterConfig: JsonObject;
beforeAll(async () => {
  const [{ folder }] = goldenCases('classic', 'bigbird').filter(({ id }) => id === 'bigbird_just_long');
  birdFiles = await filesOf(`${folder}/`);
  filterFiles = await filesOf(goldenFolder('today/models/pf_clamp'));
  filterConfig = JSON.parse(new TextDecoder().decode(filterFiles.get('config.json')));
  birdConfig = JSON.parse(new TextDecoder().decode(birdFiles.get('config.json')));
  reformerFiles = await filesOf(goldenFolder('reformer_lm'));
  reformerConfig = JSON.parse(new TextDecoder().decode(reformerFiles.get('config.json')));
  modernBertFiles = await filesOf(goldenFolder('today/models/mb_hub2024'));
  modernBertConfig = JSON.parse(new TextDecoder().decode(modernBertFiles.get('config.json')));
  files = await filesOf(goldenFolder('longformer_short'));
  config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
});

/** The largest piece that was read. */
let largest = 0;

function storeOf(changes: Readonly<Record<string, Uint8Array>>, base = files): FileStore {
  const all = new Map([...base, ...Object.entries(changes)]);
  return {
    name: 'test',
    has: async (file) => all.has(file),
    bytes: async (file) => all.get(file),
    tensors: async (file) => {
      const bytes = all.get(file) ?? new Uint8Array(0);
      const readBytes = async (offset: number, length: number): Promise<Uint8Array> => {
        largest = Math.max(largest, length);
        return bytes.slice(offset, offset + length);
      };
      return openTensors(file, { size: bytes.length, read: readBytes });
    },
  };
}

/** Loads a model, or fails with an `AttnError` that blames the input. */
async function survives(changes: Readonly<Record<string, Uint8Array>>, base = files): Promise<void> {
  largest = 0;
  try {
    expect(await loadFrom(storeOf(changes, base))).toBeInstanceOf(LoadedModel);
  } catch (error) {
    if (!(error instanceof AttnError)) throw error;
    expect(['MALFORMED_FILE', 'FILE_NOT_FOUND', 'UNSUPPORTED', 'INVALID_DTYPE', 'MISSING_INPUT']).toContain(
      error.code,
    );
    expect(error.message.length).toBeLessThan(4_000);
  }
  expect(largest).toBeLessThanOrEqual(200_000);
}
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('model.safetensors', () => {
  test('cut anywhere', async () => {
    const whole = files.get('model.safetensors') ?? new Uint8Array(0);
    const cut = fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      const changes = { 'model.safetensors': whole.subarray(0, length) };
      await expect(loadFrom(storeOf(changes))).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    });
    await fc.assert(cut, { numRuns: 100 });
  });
  test('with changed bytes in its header', async () => {
    const whole = files.get('model.safetensors') ?? new Uint8Array(0);
    const flips = fc.array(fc.tuple(fc.nat(4_000), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    const property = fc.asyncProperty(flips, async (changes) => {
      const spoiled = whole.slice();
      for (const [at, value] of changes) spoiled[at] = value;
      await survives({ 'model.safetensors': spoiled });
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('config.json', () => {
  const values = fc.oneof(
    fc.json().map((json): Json => JSON.parse(json)),
    fc.integer(),
    fc.constantFrom<Json>(
      0,
      -1,
      0.5,
      1e308,
      2 ** 31,
      2 ** 53,
      '',
      'gelu',
      null,
      true,
      [],
      [4, 8],
      {},
      [[1]],
      [1e9],
    ),
  );
  test('with any value in any of its fields', async () => {
    const names = fc.constantFrom(
      ...Object.keys(config),
      'attention_dilation',
      'autoregressive',
      '__proto__',
    );
    const property = fc.asyncProperty(
      fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 3 }),
      (fields) => survives({ 'config.json': text({ ...config, ...Object.fromEntries(fields) }) }),
    );
    await fc.assert(property, { numRuns: 500 });
  });
  test('of a Reformer, with any value in any of its fields', async () => {
    const own = fc.constantFrom<Json>(['lsh'], [['lsh']], [2, 3], [2 ** 20, 2 ** 20], 258, 'ReformerModel');
    const fields = fc.array(
      fc.tuple(fc.constantFrom(...Object.keys(reformerConfig), '__proto__'), fc.oneof(values, own)),
      { minLength: 1, maxLength: 3 },
    );
    const property = fc.asyncProperty(fields, (changed) => {
      const spoiled = text({ ...reformerConfig, ...Object.fromEntries(changed) });
      return survives({ 'config.json': spoiled }, reformerFiles);
    });
    await fc.assert(property, { numRuns: 500 });
  });
  test('of a ModernBERT, with any value in any of its fields', async () => {
    const kinds = { full_attention: { rope_type: 'yarn', factor: 2 }, sliding_attention: null };
    const own = fc.constantFrom<Json>(
      ['full_attention'],
      new Array<string>(5).fill('sliding_attention'),
      kinds,
      { rope_theta: 5 },
      { full_attention: 7 },
      { type: 'yarn', factor: 1e300, beta_fast: 0 },
      'ModernBertForMaskedLM',
    );
    const names = [
      ...Object.keys(modernBertConfig),
      'layer_types',
      'rope_parameters',
      'rope_scaling',
      '__proto__',
    ];
    const fields = fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(values, own)), {
      minLength: 1,
      maxLength: 3,
    });
    const property = fc.asyncProperty(fields, (changed) => {
      const spoiled = text({ ...modernBertConfig, ...Object.fromEntries(changed) });
      return survives({ 'config.json': spoiled }, modernBertFiles);
    });
    await fc.assert(property, { numRuns: 500 });
  });
  test.each(['bert/mpnet_encoder', 'bert/distilbert_sequence', 'rotary/nomic_masked_lm'])(
    'of %s, with any value in any of its fields',
    async (id) => {
      const own = await filesOf(goldenFolder(`classic/${id}`));
      const fields = JSON.parse(new TextDecoder().decode(own.get('config.json'))) as JsonObject;
      const names = fc.constantFrom(...Object.keys(fields), 'position_embedding_type', 'n_embd', '__proto__');
      const types = fc.constantFrom<Json>('bert', 'roberta', 'camembert', 'jina_embeddings_v3');
      const property = fc.asyncProperty(
        fc.array(fc.tuple(names, fc.oneof(values, types)), { minLength: 1, maxLength: 3 }),
        (changed) => {
          const spoiled = text({ ...fields, ...Object.fromEntries(changed) });
          return survives({ 'config.json': spoiled }, own);
        },
      );
      await fc.assert(property, { numRuns: 200 });
    },
  );
  test.each([
    ['models', 'eg_scalar'],
    ['models', 'q3_sequence'],
    ['embeddinggemma2', 'e2_encoder'],
  ])('of %s/%s, with any value in any of its fields', async (group, name) => {
    const golden = goldenCases('today', group).find(({ id }) => id === name);
    const own = await filesOf(`${golden?.folder}/`);
    const json = JSON.parse(new TextDecoder().decode(own.get('config.json'))) as JsonObject;
    const others = fc.constantFrom<Json>(
      ['full_attention'],
      { full_attention: { rope_type: 'yarn', factor: 1e-9 } },
      { rope_type: 'proportional', rope_theta: 1e4, partial_rotary_factor: 9 },
      { 0: { head_dim: 2 ** 31 - 1 } },
      { 1e9: {} },
    );
    const names = fc.constantFrom(
      ...Object.keys(json),
      'rope_scaling',
      'rope_theta',
      'text_config',
      '__proto__',
    );
    const fields = fc.array(fc.tuple(names, fc.oneof(values, others)), { minLength: 1, maxLength: 3 });
    const property = fc.asyncProperty(fields, (changed) =>
      survives({ 'config.json': text({ ...json, ...Object.fromEntries(changed) }) }, own),
    );
    await fc.assert(property, { numRuns: 300 });
  });
  test('of a BigBird, with any value in any of its fields', async () => {
    const own = fc.constantFrom<Json>('block_sparse', 'original_full', 'BigBirdForMaskedLM', 97, 38, 2 ** 30);
    const fields = fc.array(
      fc.tuple(fc.constantFrom(...Object.keys(birdConfig), '__proto__'), fc.oneof(values, own)),
      { minLength: 1, maxLength: 3 },
    );
    const property = fc.asyncProperty(fields, (changed) => {
      const spoiled = text({ ...birdConfig, ...Object.fromEntries(changed) });
      return survives({ 'config.json': spoiled }, birdFiles);
    });
    await fc.assert(property, { numRuns: 500 });
  });
  test('of a privacy filter, with any value in any of its fields', async () => {
    const own = fc.constantFrom<Json>(1, 2, 8, { rope_type: 'yarn' }, ['sliding_attention'], { 0: 'O' });
    const fields = fc.array(
      fc.tuple(fc.constantFrom(...Object.keys(filterConfig), 'layer_types'), fc.oneof(values, own)),
      { minLength: 1, maxLength: 3 },
    );
    const property = fc.asyncProperty(fields, (changed) => {
      const spoiled = text({ ...filterConfig, ...Object.fromEntries(changed) });
      return survives({ 'config.json': spoiled }, filterFiles);
    });
    await fc.assert(property, { numRuns: 200 });
  });
  test('any JSON, any bytes', async () => {
    await fc.assert(fc.asyncProperty(values, (json) => survives({ 'config.json': text(json) })));
    await fc.assert(fc.asyncProperty(fc.uint8Array(), (bytes) => survives({ 'config.json': bytes })));
    const led = fc.asyncProperty(fc.dictionary(fc.string(), values), (fields) =>
      survives({ 'config.json': text({ ...config, ...fields, model_type: 'led' }) }),
    );
    await fc.assert(led);
  });
});

test('tokenizer.json: any JSON', async () => {
  const json = fc.object({ maxDepth: 3 });
  await fc.assert(
    fc.asyncProperty(json, (value) => survives({ 'tokenizer.json': text(value) })),
    { numRuns: 200 },
  );
});

describe('modules of sentence-transformers', () => {
  let folder: Files;
  beforeAll(async () => {
    folder = await filesOf(goldenFolder('classic/sentence/cls_dense_tanh'));
  });
  const json = fc.json().map((value): Json => JSON.parse(value));
  const odd = fc.oneof(
    json,
    fc.constantFrom<Json>('..', '../x', '/etc', '1_Pooling', 'x.Dense', 1e300, -1, {}, []),
  );

  test('any list', async () => {
    const entry = fc.record({ idx: odd, path: odd, type: odd }, { requiredKeys: [] });
    const first = { path: '', type: 'x.Transformer' };
    const lists = fc.oneof(
      json,
      fc.array(entry),
      fc.array(entry).map((entries): Json => [first, ...entries]),
    );
    await fc.assert(fc.asyncProperty(lists, (list) => survives({ 'modules.json': text(list) }, folder)));
  });
  test.each([
    ['sentence_bert_config.json', ['max_seq_length', 'do_lower_case', 'transformer_task']],
    [
      'config_sentence_transformers.json',
      ['prompts', 'default_prompt_name', 'similarity_fn_name', 'truncate_dim'],
    ],
    ['1_Pooling/config.json', ['pooling_mode', 'pooling_mode_cls_token', 'include_prompt']],
    ['2_Dense/config.json', ['in_features', 'out_features', 'bias', 'activation_function']],
    ['tokenizer_config.json', ['model_max_length', 'truncation_side']],
  ])('%s with any value in any field', async (file, names) => {
    const fields = fc.dictionary(fc.constantFrom(...names), odd);
    const own = JSON.parse(new TextDecoder().decode(folder.get(file))) as JsonObject;
    const property = fc.asyncProperty(
      fc.oneof(
        json,
        fields.map((changed): Json => ({ ...own, ...changed })),
      ),
      (value) => survives({ [file]: text(value) }, folder),
    );
    await fc.assert(property);
  });
});

test('an index: any map', async () => {
  const { 'model.safetensors': _, ...rest } = Object.fromEntries(files);
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom('embeddings.LayerNorm.bias', '__proto__', 'constructor'),
  );
  const places = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constantFrom<Json>('a.safetensors', '../a.safetensors', '/a.safetensors', null),
  );
  const property = fc.asyncProperty(fc.dictionary(names, places), async (map) => {
    const store = storeOf({});
    const only = new Map([
      ...Object.entries(rest),
      ['model.safetensors.index.json', text({ weight_map: map })],
    ]);
    const loading = loadFrom({
      ...store,
      has: async (file) => only.has(file),
      bytes: async (file) => only.get(file),
    });
    await expect(loading).rejects.toBeInstanceOf(AttnError);
  });
  await fc.assert(property);
});
