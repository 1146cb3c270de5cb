// Folders of sentence-transformers: what is read of them, wherever they are, and what is refused.
import { createAttn, type Attn, type JsonObject } from '@attn/core';
import { cpu } from '@attn/cpu';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobStore } from '../files/blob-store.ts';
import { filesOf, serveFiles, type Files } from '../files/server.testing.ts';
import { Encoder } from '../loaded/encoder.ts';
import { loadFrom, loadModel } from '../load.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { json, modulesOf, storeOf } from './folder.testing.ts';
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

describe('a folder gives the same vectors wherever it is', () => {
  const text = 'SPARSE Attention';
  const expected = async () =>
    (await (await loadFrom(storeOf(files), { attn, for: 'encode' })).encode(text)).embeddings;

  test('under a URL, and at URLs by name', async () => {
    const server = await serveFiles(files);
    try {
      const under = await loadModel(server.url, { attn, for: 'encode' });
      expect((await under.encode(text)).embeddings).toEqual(await expected());
      const urls = Object.fromEntries(
        [...files.keys()].map((name) => [name, new URL(name, server.url).href]),
      );
      expect(Object.keys(urls)).toContain('2_Dense/model.safetensors');
      const byName = await loadModel(urls, { attn, for: 'encode' });
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
    const model = await loadFrom(blobStore(picked), { attn, for: 'encode' });
    expect((await model.encode(text)).embeddings).toEqual(await expected());
  });
  test('PyTorch’s weights of a module are read where there are no others', async () => {
    // Only the name is PyTorch's here, and the error shows that the file was read as what it says.
    const { '2_Dense/model.safetensors': weights, ...rest } = Object.fromEntries(files);
    const store = storeOf(new Map(Object.entries(rest)), { '2_Dense/pytorch_model.bin': weights });
    await expect(loadFrom(store)).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    await expect(loadFrom(storeOf(files, { '2_Dense/model.safetensors': undefined }))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining('no weights of the module Dense, 2_Dense/model.safetensors'),
    });
  });
});

describe('what a folder says', () => {
  test('modules, prompts, lengths', async () => {
    const { settings } = await loadFrom(
      storeOf(files, {
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
      storeOf(files, {
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
      const { pipeline } = (await loadFrom(storeOf(files, changes))).settings.sentence ?? {};
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
    const store = storeOf(files, {
      'sentence_bert_config.json': undefined,
      'sentence_roberta_config.json': json({ max_seq_length: 9 }),
    });
    expect((await loadFrom(store)).settings.sentence?.maxLength).toBe(9);
  });
  test('modules: false leaves all of it aside', async () => {
    const model = await loadFrom(storeOf(files, { 'modules.json': modulesOf('LSTM') }), {
      modules: false,
      attn,
      for: 'encode',
    });
    expect(model.settings.sentence).toBeUndefined();
    expect(model.settings.cutting).toBeDefined();
    expect((await model.encode('a')).embeddings.shape).toEqual([1, 32]);
  });
  test('the class without a head, whatever config.json names', () => {
    const of = (name: string, task: 'states' | 'token-logits' | 'text-logits', type = '') =>
      classFor(task, { architectures: [name], model_type: type } as JsonObject);
    expect(of('Qwen3ForCausalLM', 'states')).toBe('Qwen3Model');
    expect(of('XLMRobertaForMaskedLM', 'states')).toBe('XLMRobertaModel');
    expect(of('LongformerForSequenceClassification', 'states')).toBe('LongformerModel');
    expect(of('ReformerModelWithLMHead', 'states')).toBe('ReformerModel');
    expect(of('LinformerLM', 'states')).toBe('Linformer');
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
    const model = await loadFrom(storeOf(files, { 'config_sentence_transformers.json': config }), {
      attn,
      for: 'encode',
    });
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
    const model = await loadFrom(
      storeOf(files, { 'sentence_bert_config.json': json({ max_seq_length: 6 }) }),
      { attn, for: 'encode' },
    );
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
  const model = await loadFrom(storeOf(cross), { attn, for: 'rank' });
  const { tokens } = await model.predict([
    ['long', ''],
    ['long', 'long'],
  ]);
  expect(tokens[1]).toBeGreaterThan(tokens[0]);
  const single = model.tokenizer?.encode('long').ids.length ?? 0;
  expect(tokens[0]).toBe(single + 1);
  expect(model).not.toHaveProperty('encode');
  await expect(model.predict([['a'] as never])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(model.predict('a' as never)).rejects.toThrow('pairs must be { text, pair } or [text, pair]');
  await expect(model.rank('a', 'b' as never)).rejects.toThrow('documents must be a list of texts, got "b"');
  expect((await model.predict([])).scores.shape).toEqual([0]);
});

test('sparse vectors: the greatest weights only, and no dense ones', async () => {
  const model = await loadFrom(storeOf(splade), { attn, for: 'encodeSparse' });
  const [all, few] = await Promise.all(
    [{}, { maxActive: 3 }].map((options) => model.encodeSparse('what is it', options)),
  );
  expect(few.width).toBe(214);
  expect([...few.vectors[0].values].toSorted()).toEqual([...all.vectors[0].values].toSorted().slice(-3));
  expect(model).not.toHaveProperty('encode');
  for (const ability of ['encodeSparse', 'predict', 'generate'] as const) {
    await expect(loadFrom(storeOf(files), { attn, for: ability })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(`${ability} needs a`),
    });
  }
  expect(await loadFrom(storeOf(files))).toBeInstanceOf(Encoder);
});
