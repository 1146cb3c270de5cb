// What no golden of the original covers: other spellings, how far windows reach, heads, generation, and
// refusals.
import { createAttn, i32, type JsonObject, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import type { TokenBatch } from '../model.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { loaderOf, runReference, type Numbers } from '../testing/reference-run.testing.ts';
import { readEmbeddingGemma2Config } from './config-of-two.ts';
import { readGemma3Config } from './config.ts';
import { gemmaEmbeddingFamily } from './index.ts';

const encoder = await goldenCalled('today', 'models', 'eg_encoder');
const language = await goldenCalled('today', 'models', 'g3_causal_lm');
const second = await goldenCalled('today', 'embeddinggemma2', 'e2_encoder');
const composite = await goldenCalled('today', 'embeddinggemma2', 'e2_model');

const BATCH: TokenBatch = { inputIds: i32([1, 12], [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]) };

const run = (model: EncoderModel, batch: TokenBatch = BATCH): Numbers => runReference(model, batch);
const load = loaderOf(gemmaEmbeddingFamily);

/** Places of a row of 15 whose state in one layer with a window changes when the token at `at` does. */
async function influenced(fields: JsonObject, at: number): Promise<number[]> {
  const config = { ...encoder.checkpoint.config, num_hidden_layers: 1, ...fields };
  const checkpoint = randomCheckpoint(gemmaEmbeddingFamily, config);
  const model = await gemmaEmbeddingFamily.load(checkpoint);
  const ids = Array.from({ length: 15 }, (_, i) => 5 + i);
  const [before, after] = [ids, ids.with(at, 90)].map(
    (row) => run(model, { inputIds: [row] }).last_hidden_state,
  );
  const width = before.length / ids.length;
  return ids.flatMap((_, i) => {
    const places = Array.from({ length: width }, (_item, c) => i * width + c);
    return places.some((place) => before[place] !== after[place]) ? [i] : [];
  });
}

describe('how far a window reaches', () => {
  const layer = { layer_types: ['sliding_attention'] };
  test.each([
    ['both ways: half of what the file has', { ...layer, sliding_window: 4 }, [5, 6, 7, 8, 9]],
    ['the half is rounded down', { ...layer, sliding_window: 5 }, [5, 6, 7, 8, 9]],
    ['1: itself only', { ...layer, sliding_window: 1 }, [7]],
    [
      'causal: that many keys with itself',
      { ...layer, sliding_window: 4, use_bidirectional_attention: false },
      [7, 8, 9, 10],
    ],
    [
      'causal without a window',
      { layer_types: ['full_attention'], use_bidirectional_attention: false },
      [7, 8, 9, 10, 11, 12, 13, 14],
    ],
  ])('%s', async (_title, fields, expected) => {
    expect(await influenced(fields, 7)).toEqual(expected);
  });
  test('EmbeddingGemma 2: that many keys on each side, and the last layer sees all', async () => {
    const { layers } = readEmbeddingGemma2Config({
      ...second.checkpoint.config,
      layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention'],
      sliding_window: 4,
    });
    expect(layers.map(({ window }) => window)).toEqual([
      { before: 4, after: 4 },
      { before: 4, after: 4 },
      undefined,
    ]);
  });
  test('without layer_types, every sixth layer sees all', () => {
    const fields = { layer_types: null, num_hidden_layers: 13 };
    const fullOf = (layers: readonly { window: unknown }[]): number[] =>
      layers.flatMap(({ window }, i) => (window === undefined ? [i] : []));
    const third = { ...fields, sliding_window_pattern: 3, _sliding_window_pattern: 2 };
    expect(fullOf(readGemma3Config({ ...encoder.checkpoint.config, ...fields }).layers)).toEqual([5, 11]);
    expect(fullOf(readGemma3Config({ ...encoder.checkpoint.config, ...third }).layers)).toEqual([
      2, 5, 8, 11,
    ]);
    const two = readEmbeddingGemma2Config({ ...second.checkpoint.config, ...fields });
    expect(fullOf(two.layers)).toEqual([5, 11, 12]);
  });
});

describe('other spellings', () => {
  const old: JsonObject = { rope_parameters: null, rope_theta: 1e6, rope_local_base_freq: 1e4 };
  test('the ropes of 2025', async () => {
    expect(run(await load(encoder, old))).toEqual(run(await load(encoder)));
    expect(run(await load(encoder, { rope_parameters: null }))).toEqual(run(await load(encoder)));
    const { config } = encoder.checkpoint;
    const linear = { rope_type: 'linear', factor: 8 };
    const { ropes } = readGemma3Config({ ...config, ...old, rope_theta: 500, rope_scaling: linear });
    const meant = readGemma3Config({
      ...config,
      rope_parameters: {
        full_attention: { rope_theta: 500, ...linear },
        sliding_attention: { rope_theta: 1e4 },
      },
    });
    expect(ropes).toEqual(meant.ropes);
  });
  test('names with and without a prefix, and the base of a checkpoint with a head', async () => {
    const stored = new Map<string, Tensor>();
    for (const name of encoder.checkpoint.names)
      stored.set(`model.${name}`, await encoder.checkpoint.tensor(name));
    const model = await gemmaEmbeddingFamily.load(memoryCheckpoint(encoder.checkpoint.config, stored));
    expect(run(model)).toEqual(run(await load(encoder)));
    expect((await load(language, {}, 'Gemma3TextModel')).outputs).toEqual(['last_hidden_state']);
  });
  test('the part of EmbeddingGemma 2 that reads texts, of the whole model and by itself', async () => {
    const stored = new Map<string, Tensor>([['vision_tower.patch.weight', i32([1], [1])]]);
    const bare = new Map<string, Tensor>();
    for (const name of composite.checkpoint.names) {
      const tensor = await composite.checkpoint.tensor(name);
      stored.set(name, tensor);
      bare.set(name.replace('language_model.', ''), tensor);
    }
    const { config } = composite.checkpoint;
    const whole = await gemmaEmbeddingFamily.load(memoryCheckpoint(config, stored));
    expect(whole.architecture).toBe('EmbeddingGemma2Model');
    const text = await gemmaEmbeddingFamily.load(memoryCheckpoint(config.text_config as JsonObject, bare));
    expect(text.architecture).toBe('EmbeddingGemma2TextModel');
    expect(run(text)).toEqual(run(whole));
  });
});

describe('positions and padding', () => {
  test.each([
    ['bidirectional', encoder],
    ['causal', language],
    ['EmbeddingGemma 2', second],
  ])('%s: padding on either side gives the numbers of the row alone', async (_title, golden) => {
    const model = await load(golden);
    const [name] = model.outputs;
    const [row, pad] = [
      [5, 6, 7, 8],
      [0, 0, 0],
    ];
    const alone = run(model, { inputIds: [row] })[name];
    const left = run(model, { inputIds: [[...pad, ...row]], attentionMask: [[0, 0, 0, 1, 1, 1, 1]] })[name];
    const right = run(model, { inputIds: [[...row, ...pad]], attentionMask: [[1, 1, 1, 1, 0, 0, 0]] })[name];
    const skipped = (alone.length / row.length) * pad.length;
    for (const [i, value] of alone.entries()) {
      expect(left[skipped + i]).toBeCloseTo(value, 4);
      expect(right[i]).toBeCloseTo(value, 4);
    }
  });
  test.each([
    ['Gemma 3', encoder],
    ['EmbeddingGemma 2', second],
  ])('%s: positions turn the rotation only', async (_title, golden) => {
    const model = await load(golden);
    const inputIds = [[5, 6, 7, 8]];
    const plain = run(model, { inputIds }).last_hidden_state;
    const same = run(model, { inputIds, positionIds: [[0, 1, 2, 3]] }).last_hidden_state;
    const shifted = run(model, { inputIds, positionIds: [[5, 6, 7, 8]] }).last_hidden_state;
    const spread = run(model, { inputIds, positionIds: [[0, 9, 18, 27]] }).last_hidden_state;
    expect(same).toEqual(plain);
    for (const [i, value] of plain.entries()) expect(shifted[i]).toBeCloseTo(value, 3);
    expect(Math.max(...spread.map((value, i) => Math.abs(value - plain[i])))).toBeGreaterThan(0.01);
  });
});

describe('heads', () => {
  test('of a row: the last token whose id is not that of padding', async () => {
    const { config } = encoder.checkpoint;
    const architecture = 'Gemma3TextForSequenceClassification';
    const checkpoint = randomCheckpoint(gemmaEmbeddingFamily, { ...config, num_labels: 3 }, { architecture });
    const [model, base, score] = await Promise.all([
      gemmaEmbeddingFamily.load(checkpoint, { architecture }),
      gemmaEmbeddingFamily.load(checkpoint, { architecture: 'Gemma3TextModel' }),
      checkpoint.tensor('score.weight'),
    ]);
    const inputIds = [[5, 6, 7, 0, 0]];
    const width = 24;
    const state = run(base, { inputIds }).last_hidden_state.slice(2 * width, 3 * width);
    const { logits } = run(model, { inputIds });
    expect(logits).toHaveLength(3);
    for (const [label, logit] of logits.entries()) {
      const sum = state.reduce((total, value, i) => total + value * Number(score.data[label * width + i]), 0);
      expect(logit).toBeCloseTo(sum, 5);
    }
  });
  test('a language model: generation, and logits without a cap', async () => {
    await using attn = await createAttn({ backends: [cpu()] });
    const model = await load(language);
    const { logits } = run(model, { inputIds: [[5, 6, 7]] });
    expect(Math.max(...logits.map(Math.abs))).toBeLessThan(3);
    const free = run(await load(language, { final_logit_softcapping: null }), { inputIds: [[5, 6, 7]] });
    for (const [i, value] of free.logits.entries())
      expect(logits[i]).toBeCloseTo(Math.tanh(value / 3) * 3, 5);
    const last = logits.slice(-101);
    const next = last.indexOf(Math.max(...last));
    const loaded = new TextGenerator(await load(language, { eos_token_id: [next] }), undefined, attn);
    expect(await loaded.generate([5, 6, 7])).toMatchObject({ ids: [next], end: 'stop' });
    const both = await load(language, { use_bidirectional_attention: true });
    expect(() => new TextGenerator(both)).toThrow('generate needs a model of language');
  });
  test('a language model whose last layer is not the table of words', async () => {
    await expect(load(language, { tie_word_embeddings: false })).rejects.toThrow(
      '1 is missing: lm_head.weight',
    );
    const stored = new Map<string, Tensor>();
    for (const name of language.checkpoint.names) stored.set(name, await language.checkpoint.tensor(name));
    const words = stored.get('model.embed_tokens.weight') as Tensor;
    stored.set('lm_head.weight', { ...words, data: Float32Array.from(words.data, (value) => -value) });
    const config = { ...language.checkpoint.config, tie_word_embeddings: false };
    const [tied, untied] = await Promise.all([
      load(language),
      gemmaEmbeddingFamily.load(memoryCheckpoint(config, stored)),
    ]);
    expect(run(untied).logits).toEqual(run(tied).logits.map((value) => -value));
    // A tied checkpoint may hold it again; the original then reads the table of words.
    const again = memoryCheckpoint(language.checkpoint.config, stored);
    expect(run(await gemmaEmbeddingFamily.load(again))).toEqual(run(tied));
  });
});

describe('what is refused', () => {
  const thrown = (code: string, message: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(message) });

  test.each<[JsonObject, string, string]>([
    [{ architectures: ['Gemma3ForDreams'] }, 'UNSUPPORTED', 'got "Gemma3ForDreams"'],
    [
      { num_key_value_heads: 2 },
      'MALFORMED_FILE',
      'num_key_value_heads must be a divisor of num_attention_heads = 3',
    ],
    [{ query_pre_attn_scalar: 0 }, 'MALFORMED_FILE', 'query_pre_attn_scalar must be a number'],
    [{ sliding_window: 0 }, 'MALFORMED_FILE', 'sliding_window must be an integer from 1'],
    [{ sliding_window_pattern: 0 }, 'MALFORMED_FILE', 'sliding_window_pattern must be an integer from 1'],
    [{ layer_types: 'full' }, 'MALFORMED_FILE', 'layer_types must be a list of texts'],
    [{ final_logit_softcapping: 0 }, 'MALFORMED_FILE', 'final_logit_softcapping must be a number'],
    [
      { rope_parameters: { rope_theta: 5 } },
      'MALFORMED_FILE',
      'rope_parameters must be an object of full_attention',
    ],
    [{ rope_parameters: { full_attention: 5 } }, 'MALFORMED_FILE', 'full_attention must be an object, got 5'],
    [
      { use_bidirectional_attention: 'all' },
      'MALFORMED_FILE',
      'use_bidirectional_attention must be true or false',
    ],
  ])('of Gemma 3: %o', (fields, code, message) => {
    const config = { ...encoder.checkpoint.config, ...fields };
    expect(() => readGemma3Config(config)).toThrow(thrown(code, message));
  });

  test.each<[JsonObject, string, string]>([
    [{ architectures: ['Gemma3TextModel'] }, 'UNSUPPORTED', 'got "Gemma3TextModel"'],
    [{ rope_parameters: null }, 'MALFORMED_FILE', 'rope_parameters must be an object, got undefined'],
    [{ rope_parameters: {} }, 'MALFORMED_FILE', 'rope_theta must be a number'],
    [{ text_config: 5 }, 'MALFORMED_FILE', 'text_config must be an object, got 5'],
    [{ attention_k_eq_v: true }, 'UNSUPPORTED', 'attention_k_eq_v must be false, got true'],
    [{ num_kv_shared_layers: 2 }, 'UNSUPPORTED', 'num_kv_shared_layers must be 0, got 2'],
    [{ use_bidirectional_attention: 'vision' }, 'UNSUPPORTED', 'must be "all", got "vision"'],
    [{ per_layer_config: { 3: {} } }, 'MALFORMED_FILE', 'per_layer_config must be of layers 0 to 2, got "3"'],
    [
      { per_layer_config: { last: {} } },
      'MALFORMED_FILE',
      'per_layer_config must be of layers 0 to 2, got "last"',
    ],
    [
      { per_layer_config: { 2: {}, '02': {} } },
      'MALFORMED_FILE',
      'per_layer_config must be of different layers',
    ],
    [
      { per_layer_config: { 2: { intermediate_size: 3 } } },
      'UNSUPPORTED',
      'per_layer_config["2"] must be of head_dim and num_key_value_heads, got "intermediate_size"',
    ],
    [
      { per_layer_config: { 2: { num_key_value_heads: 3 } } },
      'MALFORMED_FILE',
      'per_layer_config["2"]: num_key_value_heads must be a divisor',
    ],
    [
      { per_layer_config: null, global_head_dim: 16 },
      'UNSUPPORTED',
      'global_head_dim must be in per_layer_config, got 16',
    ],
  ])('of EmbeddingGemma 2: %o', (fields, code, message) => {
    const config = { ...second.checkpoint.config, ...fields };
    expect(() => readEmbeddingGemma2Config(config)).toThrow(thrown(code, message));
  });
});
