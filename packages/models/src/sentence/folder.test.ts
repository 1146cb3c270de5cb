// Folders of sentence-transformers: what is read of them, wherever they are, and what is refused.
import { createAttn, type Attn, type JsonObject } from '@attn/core';
import { cpu } from '@attn/cpu';
import { serializeSafetensors } from '@attn/safetensors';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobStore } from '../files/blob-store.ts';
import type { FileStore } from '../files/file-store.ts';
import { filesOf, serveFiles, type Files } from '../files/server.testing.ts';
import { openTensors } from '../files/tensor-file.ts';
import { loadFrom, loadModel } from '../load.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { classFor } from './module-list.ts';

let attn: Attn;
let files: Files;
let splade: Files;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  files = await filesOf(goldenFolder('classic/sentence/cls_dense_tanh'));
  splade = await filesOf(goldenFolder('classic/sentence/splade_max'));
});
afterAll(() => attn.dispose());

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A store of files; undefined takes a file away. */
function storeOf(
  changes: Readonly<Record<string, Uint8Array | undefined>> = {},
  base: Files = files,
): FileStore {
  const all = new Map<string, Uint8Array | undefined>([...base, ...Object.entries(changes)]);
  return {
    name: 'test',
    has: async (file) => all.get(file) !== undefined,
    bytes: async (file) => all.get(file),
    tensors: async (file) => {
      const bytes = all.get(file) ?? new Uint8Array(0);
      return openTensors(file, {
        size: bytes.length,
        read: async (at, length) => bytes.slice(at, at + length),
      });
    },
  };
}

const modulesOf = (...types: readonly string[]): Uint8Array =>
  json(
    types.map((type, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? '' : `${idx}_${type}`,
      type: `x.${type}`,
    })),
  );

describe('a folder gives the same vectors wherever it is', () => {
  const text = 'SPARSE Attention';
  const expected = async () => (await (await loadFrom(storeOf(), { attn })).encode(text)).embeddings;

  test('under a URL, and at URLs by name', async () => {
    const server = await serveFiles(files);
    try {
      const under = await loadModel(server.url, { attn });
      expect((await under.encode(text)).embeddings).toEqual(await expected());
      const urls = Object.fromEntries(
        [...files.keys()].map((name) => [name, new URL(name, server.url).href]),
      );
      expect(Object.keys(urls)).toContain('2_Dense/model.safetensors');
      const byName = await loadModel(urls, { attn });
      expect((await byName.encode(text)).embeddings).toEqual(await expected());
    } finally {
      await server.close();
    }
  });
  test('picked by a user', async () => {
    const picked = [...files].map(([name, bytes]) => {
      const file = new File([bytes.slice()], name.split('/').at(-1) ?? name);
      Object.defineProperty(file, 'webkitRelativePath', { value: join('labse', name) });
      return file;
    });
    const model = await loadFrom(blobStore(picked), { attn });
    expect((await model.encode(text)).embeddings).toEqual(await expected());
  });
  test('PyTorch’s weights of a module are read where there are no others', async () => {
    // Only the name is PyTorch's here, and the error shows that the file was read as what it says.
    const { '2_Dense/model.safetensors': weights, ...rest } = Object.fromEntries(files);
    const store = storeOf({ '2_Dense/pytorch_model.bin': weights }, new Map(Object.entries(rest)));
    await expect(loadFrom(store)).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    await expect(loadFrom(storeOf({ '2_Dense/model.safetensors': undefined }))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('no weights of the module Dense, 2_Dense/model.safetensors'),
    });
  });
});

describe('what a folder says', () => {
  test('modules, prompts, lengths', async () => {
    const { settings } = await loadFrom(
      storeOf({
        'config_sentence_transformers.json': json({
          prompts: { q: 'query: ', passage: 'p: ' },
          default_prompt_name: 'q',
          similarity_fn_name: 'dot',
          truncate_dim: 5,
        }),
      }),
    );
    expect(settings.scoring).toBeUndefined();
    expect(settings.sentence).toMatchObject({
      maxLength: 32,
      similarity: 'dot',
      dimensions: 5,
      prompts: {
        byName: new Map([
          ['q', 'query: '],
          ['passage', 'p: '],
        ]),
        defaultName: 'q',
      },
      pipeline: { kind: 'vectors', pooling: ['cls'], includePrompt: true },
    });
    const { pipeline } = settings.sentence ?? {};
    expect(pipeline?.kind === 'vectors' && pipeline.modules.map(({ kind }) => kind)).toEqual([
      'dense',
      'normalize',
    ]);
  });
  test('nothing: cosine, mean, the tokenizer’s length, no prompt', async () => {
    const { settings } = await loadFrom(
      storeOf({
        'config_sentence_transformers.json': undefined,
        'sentence_bert_config.json': undefined,
        '1_Pooling/config.json': json({}),
        'modules.json': modulesOf('Transformer', 'Pooling'),
      }),
    );
    expect(settings.sentence).toMatchObject({
      maxLength: 64,
      similarity: 'cosine',
      pipeline: { pooling: ['mean'] },
    });
  });
  test('old keys: several ways in a fixed order; new ones: in their own', async () => {
    const pooling = async (config: object) => {
      const changes = {
        '1_Pooling/config.json': json(config),
        'modules.json': modulesOf('Transformer', 'Pooling'),
      };
      const { pipeline } = (await loadFrom(storeOf(changes))).settings.sentence ?? {};
      return pipeline?.kind === 'vectors' ? pipeline.pooling : undefined;
    };
    const old = {
      pooling_mode_lasttoken: true,
      pooling_mode_mean_tokens: true,
      pooling_mode_cls_token: true,
    };
    expect(await pooling(old)).toEqual(['cls', 'mean', 'lasttoken']);
    expect(await pooling({ pooling_mode: ['mean', 'cls'] })).toEqual(['mean', 'cls']);
    await expect(pooling({ pooling_mode: 'median' })).rejects.toThrow(
      '1_Pooling/config.json: pooling_mode must be one of cls, max, mean,',
    );
  });
  test('the name that the transformer’s config had once', async () => {
    const store = storeOf({
      'sentence_bert_config.json': undefined,
      'sentence_roberta_config.json': json({ max_seq_length: 9 }),
    });
    expect((await loadFrom(store)).settings.sentence?.maxLength).toBe(9);
  });
  test('modules: false leaves all of it aside', async () => {
    const model = await loadFrom(storeOf({ 'modules.json': modulesOf('LSTM') }), { modules: false, attn });
    expect(model.settings).toEqual({});
    expect((await model.encode('a')).embeddings.shape).toEqual([1, 32]);
  });
  test('the class without a head, whatever config.json names', () => {
    const of = (name: string, task: 'states' | 'token-logits' | 'text-logits', type = '') =>
      classFor(task, { architectures: [name], model_type: type } as JsonObject);
    expect(of('Qwen3ForCausalLM', 'states')).toBe('Qwen3Model');
    expect(of('XLMRobertaForMaskedLM', 'states')).toBe('XLMRobertaModel');
    expect(of('LongformerForSequenceClassification', 'states')).toBe('LongformerModel');
    expect(of('ReformerModelWithLMHead', 'states')).toBe('ReformerModel');
    expect(of('Gemma3ForCausalLM', 'states', 'gemma3_text')).toBe('Gemma3TextModel');
    expect(of('Gemma3TextModel', 'states', 'gemma3_text')).toBeUndefined();
    expect(of('BertModel', 'states')).toBeUndefined();
    expect(of('BertModel', 'token-logits')).toBe('BertForMaskedLM');
    expect(of('BertForMaskedLM', 'text-logits')).toBe('BertForSequenceClassification');
    expect(classFor('states', {})).toBeUndefined();
  });
});

describe('prompts', () => {
  const config = json({ prompts: { query: 'query: ', passage: 'text: ' }, default_prompt_name: 'query' });
  const encoded = async (text: string, options: object) => {
    const model = await loadFrom(storeOf({ 'config_sentence_transformers.json': config }), { attn });
    return (await model.encode(text, options)).embeddings;
  };
  test.each([
    ['by default', {}, 'query: a'],
    ['by name', { promptName: 'passage' }, 'text: a'],
    ['given', { prompt: 'long ' }, 'long a'],
    ['none', { prompt: '' }, 'a'],
    ['of queries', { as: 'query' }, 'query: a'],
    ['of documents, under one of the names', { as: 'document' }, 'text: a'],
    ['by name before role', { as: 'document', promptName: 'query' }, 'query: a'],
  ])('%s', async (_title, options, whole) => {
    expect(await encoded('a', options)).toEqual(await encoded(whole, { prompt: '' }));
  });
  test('of an unknown name are refused with the nearest', async () => {
    await expect(encoded('a', { promptName: 'Queri' })).rejects.toThrow(
      'there is no prompt "Queri"; did you mean query?',
    );
  });
});

describe('cuts', () => {
  test('are the default, and can be windows', async () => {
    const model = await loadFrom(storeOf({ 'sentence_bert_config.json': json({ max_seq_length: 6 }) }), {
      attn,
    });
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const text = 'what is attention in the window';
    expect((await model.encode(text, { onWarning })).tokens).toEqual([6]);
    const { tokens } = await model.encode(text, { onWarning, onLongText: 'split', overlap: 1 });
    expect(tokens[0]).toBeGreaterThan(6);
    expect(warnings.map((warning) => warning.split(': ').at(-1))).toEqual([
      'what is beyond is left out',
      'cut into windows that overlap by 1',
    ]);
    // Chunks see the whole text.
    expect((await model.encode(text, { onWarning, chunks: 2, pooling: 'mean' })).tokens).toEqual(tokens);
  });
});

test('pairs whose second text is empty have the separators of a pair', async () => {
  const cross = await filesOf(goldenFolder('classic/sentence/cross_sigmoid'));
  const model = await loadFrom(storeOf({}, cross), { attn });
  const { tokens } = await model.predict([
    ['long', ''],
    ['long', 'long'],
  ]);
  expect(tokens[1]).toBeGreaterThan(tokens[0]);
  const single = model.tokenizer?.encode('long').ids.length ?? 0;
  expect(tokens[0]).toBe(single + 1);
  await expect(model.encode('a')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(model.predict([['a'] as never])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(model.predict('a' as never)).rejects.toThrow('pairs must be { text, pair } or [text, pair]');
  await expect(model.rank('a', 'b' as never)).rejects.toThrow('documents must be a list of texts, got "b"');
  expect((await model.predict([])).scores.shape).toEqual([0]);
});

test('sparse vectors: the greatest weights only, and no dense ones', async () => {
  const model = await loadFrom(storeOf({}, splade), { attn });
  const [all, few] = await Promise.all(
    [{}, { maxActive: 3 }].map((options) => model.encodeSparse('what is it', options)),
  );
  expect(few.width).toBe(214);
  expect([...few.vectors[0].values].toSorted()).toEqual([...all.vectors[0].values].toSorted().slice(-3));
  await expect(model.encode('a')).rejects.toThrow('encodeSparse is for it');
  const dense = await loadFrom(storeOf(), { attn });
  await expect(dense.encodeSparse('a')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(dense.predict([['a', 'b']])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

describe('is refused', () => {
  const dense = { in_features: 32, out_features: 20, bias: true };
  test.each<[string, Record<string, Uint8Array | undefined>, string, string]>([
    [
      'a list that is none',
      { 'modules.json': json({}) },
      'MALFORMED_FILE',
      'modules.json of test must be a JSON list, got {}',
    ],
    ['an empty list', { 'modules.json': json([]) }, 'MALFORMED_FILE', 'must list at least one module'],
    [
      'a module that is none',
      { 'modules.json': json([5]) },
      'MALFORMED_FILE',
      'must list objects, got 5 at [0]',
    ],
    [
      'a folder elsewhere',
      {
        'modules.json': json([
          { path: '', type: 'x.Transformer' },
          { path: '../1_Pooling', type: 'x.Pooling' },
        ]),
      },
      'MALFORMED_FILE',
      'the name of a folder beside it as path of module 1, got "../1_Pooling"',
    ],
    [
      'an absolute folder',
      { 'modules.json': json([{ path: '/etc', type: 'x.Transformer' }]) },
      'MALFORMED_FILE',
      'got "/etc"',
    ],
    [
      'a transformer in a folder',
      { 'modules.json': json([{ path: '0_Transformer', type: 'x.Transformer' }]) },
      'UNSUPPORTED',
      'its Transformer in the folder "0_Transformer"',
    ],
    [
      'another first module',
      { 'modules.json': modulesOf('StaticEmbedding') },
      'UNSUPPORTED',
      'the module "StaticEmbedding": the first module must be a Transformer',
    ],
    [
      'an unknown module',
      { 'modules.json': modulesOf('Transformer', 'Pooling', 'CNN') },
      'UNSUPPORTED',
      'the module "CNN": known are Pooling',
    ],
    [
      'no pooling',
      { 'modules.json': modulesOf('Transformer', 'Normalize') },
      'UNSUPPORTED',
      'must be followed by a Pooling',
    ],
    [
      'an unknown task',
      { 'sentence_bert_config.json': json({ transformer_task: 'text-generation' }) },
      'UNSUPPORTED',
      'has the transformer_task "text-generation"',
    ],
    [
      'a config that is absent',
      { '1_Pooling/config.json': undefined },
      'FILE_NOT_FOUND',
      'no config of the module Pooling, 1_Pooling/config.json',
    ],
    [
      'an unknown function',
      { '2_Dense/config.json': json({ ...dense, activation_function: 'torch.nn.Mish' }) },
      'UNSUPPORTED',
      'the activation_function "torch.nn.Mish"; known are Identity',
    ],
    [
      'a module of tokens',
      { '2_Dense/config.json': json({ ...dense, module_input_name: 'token_embeddings' }) },
      'UNSUPPORTED',
      'the module_input_name "token_embeddings"',
    ],
    [
      'weights of another shape',
      { '2_Dense/config.json': json({ ...dense, in_features: 30 }) },
      'MALFORMED_FILE',
      'must have linear.weight [20, 30], got [20, 32]',
    ],
    [
      'weights without a name',
      { '2_Dense/model.safetensors': serializeSafetensors(new Map()) },
      'MALFORMED_FILE',
      'must have linear.weight [20, 32], got none',
    ],
    [
      'a length that is none',
      { 'sentence_bert_config.json': json({ max_seq_length: 'all' }) },
      'MALFORMED_FILE',
      'must have a number of tokens as the length of texts, got "all"',
    ],
    [
      'prompts that are none',
      { 'config_sentence_transformers.json': json({ prompts: { query: 5 } }) },
      'MALFORMED_FILE',
      'prompts must be an object of texts',
    ],
    [
      'a default that is no prompt',
      { 'config_sentence_transformers.json': json({ default_prompt_name: 'x' }) },
      'MALFORMED_FILE',
      'default_prompt_name must be the name of a prompt',
    ],
    [
      'an unknown measure',
      { 'config_sentence_transformers.json': json({ similarity_fn_name: 'angle' }) },
      'MALFORMED_FILE',
      'similarity_fn_name must be one of cosine, dot, euclidean, manhattan',
    ],
  ])('%s', async (_title, changes, code, message) => {
    await expect(loadFrom(storeOf(changes))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
  test('a Dense that does not take what comes before it', async () => {
    const changes = { '1_Pooling/config.json': json({ pooling_mode: ['cls', 'mean'] }) };
    const model = await loadFrom(storeOf(changes), { attn });
    await expect(model.encode('a')).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    expect((await model.encode('a', { pooling: 'max' })).embeddings.shape).toEqual([1, 20]);
    const good = await loadFrom(storeOf(), { attn });
    await expect(good.encode('a', { pooling: ['cls', 'max'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
  test('a SpladePooling with more behind it, and another function', async () => {
    const more = { 'modules.json': modulesOf('MLMTransformer', 'SpladePooling', 'Normalize') };
    await expect(loadFrom(storeOf(more, splade))).rejects.toThrow('the module "Normalize"');
    const other = { '1_SpladePooling/config.json': json({ activation_function: 'gelu' }) };
    await expect(loadFrom(storeOf(other, splade))).rejects.toThrow('the activation_function "gelu"');
  });
  test('a cross-encoder with an unknown function of scores', async () => {
    const cross = await filesOf(goldenFolder('classic/sentence/cross_sigmoid'));
    const config = JSON.parse(new TextDecoder().decode(cross.get('config.json'))) as JsonObject;
    const changed = json({
      ...config,
      sentence_transformers: { activation_fn: 'torch.nn.modules.activation.Tanh' },
    });
    await expect(loadFrom(storeOf({ 'config.json': changed }, cross))).rejects.toThrow(
      'known are Sigmoid, Identity',
    );
    const old = json({
      ...config,
      sentence_transformers: undefined,
      sbert_ce_default_activation_function: 'torch.nn.modules.linear.Identity',
    });
    expect((await loadFrom(storeOf({ 'config.json': old }, cross))).settings.scoring?.activation).toBe(
      'identity',
    );
  });
});
