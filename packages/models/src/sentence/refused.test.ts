// Folders of sentence-transformers that are damaged, or that need more than is here.
import { createAttn, type Attn, type JsonObject } from '@attn/core';
import { cpu } from '@attn/cpu';
import { serializeSafetensors } from '@attn/safetensors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesOf, type Files } from '../files/server.testing.ts';
import { loadFrom } from '../load.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { json, modulesOf, storeOf } from './folder.testing.ts';

let attn: Attn;
let files: Files;
let splade: Files;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  files = await filesOf(goldenFolder('classic/sentence/cls_dense_tanh'));
  splade = await filesOf(goldenFolder('classic/sentence/splade_max'));
});
afterAll(() => attn.dispose());

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
    await expect(loadFrom(storeOf(files, changes))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
  test('a Dense that does not take what comes before it', async () => {
    const changes = { '1_Pooling/config.json': json({ pooling_mode: ['cls', 'mean'] }) };
    const model = await loadFrom(storeOf(files, changes), { attn, for: 'encode' });
    await expect(model.encode('a')).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
    expect((await model.encode('a', { pooling: 'max' })).embeddings.shape).toEqual([1, 20]);
    const good = await loadFrom(storeOf(files), { attn, for: 'encode' });
    await expect(good.encode('a', { pooling: ['cls', 'max'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
  test('a SpladePooling with more behind it, and another function', async () => {
    const more = { 'modules.json': modulesOf('MLMTransformer', 'SpladePooling', 'Normalize') };
    await expect(loadFrom(storeOf(splade, more))).rejects.toThrow('the module "Normalize"');
    const other = { '1_SpladePooling/config.json': json({ activation_function: 'gelu' }) };
    await expect(loadFrom(storeOf(splade, other))).rejects.toThrow('the activation_function "gelu"');
  });
  test('a cross-encoder with an unknown function of scores', async () => {
    const cross = await filesOf(goldenFolder('classic/sentence/cross_sigmoid'));
    const config = JSON.parse(new TextDecoder().decode(cross.get('config.json'))) as JsonObject;
    const changed = json({
      ...config,
      sentence_transformers: { activation_fn: 'torch.nn.modules.activation.Tanh' },
    });
    await expect(loadFrom(storeOf(cross, { 'config.json': changed }))).rejects.toThrow(
      'known are Sigmoid, Identity',
    );
    const old = json({
      ...config,
      sentence_transformers: undefined,
      sbert_ce_default_activation_function: 'torch.nn.modules.linear.Identity',
    });
    expect((await loadFrom(storeOf(cross, { 'config.json': old }))).settings.scoring?.activation).toBe(
      'identity',
    );
  });
});
