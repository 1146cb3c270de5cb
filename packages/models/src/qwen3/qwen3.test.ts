// What no golden of the original covers: other spellings, heads without a golden, generation, and refusals.
import { createAttn, i32, type JsonObject, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { loaderOf, runReference, type Numbers } from '../testing/reference-run.testing.ts';
import type { TokenBatch } from '../model.ts';
import { readQwen3Config } from './config.ts';
import { qwen3Family } from './index.ts';

const encoder = await goldenCalled('today', 'models', 'q3_encoder');
const language = await goldenCalled('today', 'models', 'q3_causal_lm');
const sliding = await goldenCalled('today', 'models', 'q3_sliding');

const BATCH: TokenBatch = { inputIds: i32([2, 6], [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 4, 4]) };

const run = (model: EncoderModel, batch: TokenBatch = BATCH): Numbers => runReference(model, batch);
const load = loaderOf(qwen3Family);

describe('other spellings', () => {
  test('the rope of 2025', async () => {
    const old = { rope_parameters: null, rope_theta: 1e6, rope_scaling: null };
    expect(run(await load(encoder, old))).toEqual(run(await load(encoder)));
    const yarn = { factor: 4, original_max_position_embeddings: 32 };
    const [now, then] = await Promise.all([
      load(encoder, { rope_parameters: { rope_type: 'yarn', rope_theta: 1e6, ...yarn } }),
      load(encoder, { ...old, rope_scaling: { type: 'yarn', ...yarn } }),
    ]);
    expect(run(then)).toEqual(run(now));
    expect(run(then)).not.toEqual(run(await load(encoder)));
  });
  test('rope_scaling that somebody adds to a file of today counts', async () => {
    const added = { rope_scaling: { rope_type: 'linear', factor: 4 } };
    const meant = { rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 1e6 } };
    expect(run(await load(encoder, added))).toEqual(run(await load(encoder, meant)));
  });
  test('max_window_layers says which layers have a window, where layer_types does not', async () => {
    expect(run(await load(sliding, { layer_types: null }))).toEqual(run(await load(sliding)));
    expect(run(await load(sliding, { layer_types: null, max_window_layers: 2 }))).not.toEqual(
      run(await load(sliding)),
    );
  });
  test('names with and without the prefix', async () => {
    const stored = new Map<string, Tensor>();
    for (const name of encoder.checkpoint.names)
      stored.set(`model.${name}`, await encoder.checkpoint.tensor(name));
    const model = await qwen3Family.load(memoryCheckpoint(encoder.checkpoint.config, stored));
    expect(run(model)).toEqual(run(await load(encoder)));
    // Qwen3-Embedding: the base model's names, and the class of the language model.
    const bare = await load(encoder, { architectures: ['Qwen3ForCausalLM'], tie_word_embeddings: true });
    expect(bare.outputs).toEqual(['logits']);
    const base = await load(language, {}, 'Qwen3Model');
    expect(base.outputs).toEqual(['last_hidden_state']);
  });
});

test('padding on either side gives the numbers of the row alone', async () => {
  const model = await load(encoder);
  const width = 32;
  const alone = run(model, { inputIds: [[5, 6, 7]] }).last_hidden_state;
  const left = run(model, { inputIds: [[4, 4, 5, 6, 7]], attentionMask: [[0, 0, 1, 1, 1]] });
  const right = run(model, { inputIds: [[5, 6, 7, 4, 4]], attentionMask: [[1, 1, 1, 0, 0]] });
  for (const [i, value] of alone.entries()) {
    expect(left.last_hidden_state[2 * width + i]).toBeCloseTo(value, 5);
    expect(right.last_hidden_state[i]).toBeCloseTo(value, 5);
  }
});

test('positions turn the rotation only: what counts is how far apart they are', async () => {
  const model = await load(encoder);
  const inputIds = [[5, 6, 7, 8]];
  const plain = run(model, { inputIds }).last_hidden_state;
  const shifted = run(model, { inputIds, positionIds: [[7, 8, 9, 10]] }).last_hidden_state;
  const spread = run(model, { inputIds, positionIds: [[0, 10, 20, 30]] }).last_hidden_state;
  for (const [i, value] of plain.entries()) expect(shifted[i]).toBeCloseTo(value, 4);
  expect(Math.max(...spread.map((value, i) => Math.abs(value - plain[i])))).toBeGreaterThan(0.01);
});

describe('heads', () => {
  const dot = (a: readonly number[], b: ArrayLike<number>, from: number, bias: number): number =>
    a.reduce((sum, value, i) => sum + value * b[from + i], bias);
  /** The head's own numbers from the states of the base model, row by row. */
  async function expected(architecture: string, head: string, labels: number): Promise<number[][]> {
    const checkpoint = randomCheckpoint(
      qwen3Family,
      { ...encoder.checkpoint.config, num_labels: labels },
      {
        architecture,
      },
    );
    const [states, weight, bias] = await Promise.all([
      qwen3Family.load(checkpoint, { architecture: 'Qwen3Model' }).then((model) => run(model)),
      checkpoint.tensor(`${head}.weight`),
      checkpoint.tensor(`${head}.bias`),
    ]);
    const width = 32;
    return Array.from({ length: 12 }, (_, token) =>
      Array.from({ length: labels }, (_item, label) => {
        const state = states.last_hidden_state.slice(token * width, (token + 1) * width);
        return dot(state, weight.data as Float32Array, label * width, Number(bias.data[label]));
      }),
    );
  }
  const loadRandom = (architecture: string, labels: number): Promise<EncoderModel> => {
    const config = { ...encoder.checkpoint.config, num_labels: labels };
    const checkpoint = randomCheckpoint(qwen3Family, config, { architecture });
    return qwen3Family.load(checkpoint, { architecture });
  };

  test('of tokens', async () => {
    const { logits } = run(await loadRandom('Qwen3ForTokenClassification', 3));
    const rows = await expected('Qwen3ForTokenClassification', 'score', 3);
    for (const [i, value] of rows.flat().entries()) expect(logits[i]).toBeCloseTo(value, 5);
  });
  test('of answers, whose names have another prefix', async () => {
    const whole = await loadRandom('Qwen3ForQuestionAnswering', 2);
    const { start_logits: starts, end_logits: ends } = run(whole);
    const rows = await expected('Qwen3ForQuestionAnswering', 'qa_outputs', 2);
    for (const [i, [start, end]] of rows.entries()) {
      expect(starts[i]).toBeCloseTo(start, 5);
      expect(ends[i]).toBeCloseTo(end, 5);
    }
    const { config } = encoder.checkpoint;
    const random = randomCheckpoint(qwen3Family, config, { architecture: 'Qwen3ForQuestionAnswering' });
    const stored = new Map<string, Tensor>();
    for (const name of random.names)
      stored.set(name.replace(/^model\./, 'transformer.'), await random.tensor(name));
    const renamed = memoryCheckpoint(
      { ...config, architectures: ['Qwen3ForQuestionAnswering'], num_labels: 2 },
      stored,
    );
    expect(run(await qwen3Family.load(renamed))).toEqual({ start_logits: starts, end_logits: ends });
  });
  test('of a row: padding is found by its id, and a row of padding gives its first token', async () => {
    const golden = await goldenCalled('today', 'models', 'q3_sequence');
    const model = await load(golden);
    const of = (ids: readonly number[]): number => run(model, { inputIds: [ids] }).logits[0];
    expect(of([5, 6, 7, 4, 4])).toBeCloseTo(of([5, 6, 7]), 6);
    // In a causal model the padding before it changes the last token's state, without a mask.
    expect(of([4, 5, 6, 7])).not.toBeCloseTo(of([5, 6, 7]), 3);
    expect(of([4, 4, 4])).toBeCloseTo(of([4]), 6);
    expect(of([5, 4, 6])).not.toBeCloseTo(of([5]), 3);
    const unpadded = await load(golden, { pad_token_id: null });
    expect(unpadded.takesPadding).toBe(false);
    expect(run(unpadded, { inputIds: [[5, 6, 7, 4]] }).logits[0]).not.toBeCloseTo(of([5, 6, 7, 4]), 3);
  });
});

test('generate: the likeliest token, again and again, up to one that ends the text', async () => {
  await using attn = await createAttn({ backends: [cpu()] });
  const model = await load(language);
  const ids = [5, 6, 7];
  const expected: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { logits } = run(model, { inputIds: [[...ids, ...expected]] });
    const last = logits.slice(-95);
    expected.push(last.indexOf(Math.max(...last)));
  }
  const free = new TextGenerator(await load(language, { eos_token_id: null }), undefined, attn);
  expect(await free.generate(ids, { max_new_tokens: 4 })).toMatchObject({ ids: expected, end: 'length' });
  const ending = new TextGenerator(
    await load(language, { eos_token_id: [94, expected[1]] }),
    undefined,
    attn,
  );
  const at = expected.indexOf(expected[1]);
  expect(await ending.generate(ids, { max_new_tokens: 4 })).toMatchObject({
    ids: expected.slice(0, at + 1),
    end: 'stop',
  });
});

describe('what is refused', () => {
  test.each<[JsonObject, string, string]>([
    [{ architectures: ['Qwen3ForDreams'] }, 'UNSUPPORTED', 'got "Qwen3ForDreams"'],
    [
      { num_key_value_heads: 3 },
      'MALFORMED_FILE',
      'num_key_value_heads must be a divisor of num_attention_heads = 4',
    ],
    [{ head_dim: 7 }, 'MALFORMED_FILE', 'the width of a head must be even, got 7'],
    [{ head_dim: 2 ** 30 }, 'MALFORMED_FILE', 'head_dim must be an integer from 1 to 65536'],
    [{ rope_parameters: null }, 'MALFORMED_FILE', 'rope_parameters: rope_theta must be a number'],
    [{ rope_parameters: 1e6 }, 'MALFORMED_FILE', 'rope_parameters must be an object, got 1000000'],
    [{ rope_scaling: { type: 'longrope' } }, 'UNSUPPORTED', 'rope_scaling must have a rope_type of'],
    [{ layer_types: ['full_attention'] }, 'MALFORMED_FILE', 'layer_types must be a list of 3'],
    [{ layer_types: ['a', 'b', 'c'] }, 'MALFORMED_FILE', 'each full_attention or sliding_attention'],
    [
      { layer_types: ['full_attention', 'full_attention', 'sliding_attention'] },
      'MALFORMED_FILE',
      'layer_types must be full_attention without use_sliding_window',
    ],
    [
      { use_sliding_window: true, layer_types: null, max_window_layers: 0 },
      'MALFORMED_FILE',
      'sliding_window must be an integer from 1',
    ],
    [{ hidden_act: 'relu6' }, 'MALFORMED_FILE', 'hidden_act must be one of'],
    [{ eos_token_id: 'x' }, 'MALFORMED_FILE', 'eos_token_id must be an integer'],
    [{ eos_token_id: ['x'] }, 'MALFORMED_FILE', 'eos_token_id must be a list of integers'],
  ])('%o', (fields, code, message) => {
    expect(() => readQwen3Config({ ...encoder.checkpoint.config, ...fields })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
  test('a language model without its last layer', async () => {
    await expect(load(language, { tie_word_embeddings: false })).rejects.toThrow(
      '1 is missing: lm_head.weight',
    );
  });
  test('token types and global tokens', async () => {
    const model = await load(encoder);
    expect(() => model.call({ inputIds: [[5]], tokenTypeIds: [[0]] })).toThrow('tokenTypeIds');
    expect(() => model.call({ inputIds: [[5]], globalAttentionMask: [[1]] })).toThrow('globalAttentionMask');
    expect(() => model.call({ inputIds: [[95]] })).toThrow('got 95 at [0, 0]');
  });
});
