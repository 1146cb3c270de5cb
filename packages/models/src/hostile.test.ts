// Damaged and hostile checkpoints give a typed error or a model, never
// anything else, and no memory is allocated for sizes that are only claimed.
import { AttnError, type Json, type JsonObject } from '@attn/core';
import { openTensors } from './files/tensor-file.ts';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, type Files } from './files/server.testing.ts';
import type { FileStore } from './files/file-store.ts';
import { goldenFolder } from './testing/goldens.testing.ts';
import { loadFrom } from './load.ts';
import { LoadedModel } from './loaded-model.ts';

let files: Files;
let config: JsonObject;
beforeAll(async () => {
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
  const yarn: Json = { full_attention: { rope_type: 'yarn', factor: 1e-9 } };
  const MODERN: readonly Json[] = [
    ['full_attention'],
    new Array<string>(5).fill('sliding_attention'),
    { full_attention: { rope_type: 'yarn', factor: 2 }, sliding_attention: null },
    { rope_theta: 5 },
    { full_attention: 7 },
    { type: 'yarn', factor: 1e300, beta_fast: 0 },
  ];
  const CAUSAL: readonly Json[] = [
    ['full_attention'],
    yarn,
    { rope_type: 'proportional', rope_theta: 1e4, partial_rotary_factor: 9 },
    { 0: { head_dim: 2 ** 31 - 1 } },
    { 1e9: {} },
  ];
  const TYPES: readonly Json[] = ['bert', 'roberta', 'camembert', 'jina_embeddings_v3'];
  const TASKS: readonly Json[] = [['a'], ['a', 'a'], { a: 5 }, 'rotary', 'alibi'];
  const ROPES = ['layer_types', 'rope_parameters', 'rope_scaling', 'rope_theta', 'text_config'];
  const POSITIONS = ['position_embedding_type', 'n_embd', 'rotary_emb_base', 'feed_forward_type'];

  test.each<[id: string, names: readonly string[], own: readonly Json[]]>([
    ['reformer_lm', [], [['lsh'], [['lsh']], [2, 3], [2 ** 20, 2 ** 20], 258, 'ReformerModel']],
    ['linformer_lm', [], ['LinformerLM', 'exact', 2 ** 30]],
    ['linformer_roberta_masked_lm', [], ['LinformerModel', 'layerwise', 2 ** 30]],
    ['today/models/mb_hub2024', ROPES, [...MODERN, 'ModernBertForMaskedLM']],
    ['classic/bert/mpnet_encoder', POSITIONS, TYPES],
    ['classic/bert/distilbert_sequence', POSITIONS, TYPES],
    ['classic/rotary/nomic_masked_lm', [...POSITIONS, ...ROPES], TYPES],
    ['classic/rotary/jina_v3_encoder', [...POSITIONS, ...ROPES], [...TYPES, ...TASKS]],
    ['heads/rotary/nomic_bert_2048', POSITIONS, TYPES],
    ['heads/jina/jina_adapters', POSITIONS, TASKS],
    ['heads/alibi/jina_v2_encoder', POSITIONS, [...TYPES, ...TASKS, 'reglu', 'original']],
    ['today/models/eg_scalar', ROPES, CAUSAL],
    ['today/models/q3_sequence', ROPES, CAUSAL],
    ['today/embeddinggemma2/e2_encoder', ROPES, CAUSAL],
    [
      'classic/bigbird/bigbird_just_long',
      [],
      ['block_sparse', 'original_full', 'BigBirdForMaskedLM', 97, 38],
    ],
    [
      'today/models/pf_clamp',
      ['layer_types'],
      [1, 2, 8, 2 ** 30, { rope_type: 'yarn' }, ['sliding_attention'], { 0: 'O' }],
    ],
  ])('of %s, with any value in any of its fields', async (id, names, own) => {
    const base = await filesOf(goldenFolder(id));
    const fields = JSON.parse(new TextDecoder().decode(base.get('config.json'))) as JsonObject;
    const name = fc.constantFrom(...Object.keys(fields), ...names, '__proto__');
    const property = fc.asyncProperty(
      fc.array(fc.tuple(name, fc.oneof(values, fc.constantFrom(...own))), { minLength: 1, maxLength: 3 }),
      (changed) => survives({ 'config.json': text({ ...fields, ...Object.fromEntries(changed) }) }, base),
    );
    await fc.assert(property, { numRuns: 250 });
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
