// What the goldens do not cover: padding and encoding, models without their head, and refused inputs.
import {
  AttnError,
  bool,
  createAttn,
  f32,
  i32,
  zeros,
  type Attn,
  type Json,
  type JsonObject,
  type Tensor,
} from '@attn/core';
import { cpu } from '@attn/cpu';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { readGolden } from '../testing/goldens.testing.ts';
import { Encoder } from '../loaded/encoder.ts';
import { readLinformerConfig } from './config.ts';
import { configOf, stateDict } from './fairseq/original.testing.ts';
import { linformerFamily, type Linformer } from './index.ts';

const lm = await readGolden('linformer_lm');
const encoder = await readGolden('linformer_encoder');
const fairseq = memoryCheckpoint(configOf({}), stateDict({}, 'all'));

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
});
afterAll(() => attn.dispose());

/** The tolerance allows for sums in another order. */
function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  const most = Array.from(got).reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0);
  expect(most).toBeLessThan(2e-5);
}

describe('a text’s vector is that of the text alone', () => {
  const TEXTS = [
    [2, 5, 7],
    [9, 3, 4, 5, 6, 7, 8],
    [2],
    [20, 21, 22, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ];
  test.each<[string, () => Promise<Linformer>]>([
    ['of lucidrains', () => linformerFamily.load(lm.checkpoint, { architecture: 'Linformer' })],
    ['of fairseq', () => linformerFamily.load(fairseq)],
  ])('%s', async (_name, load) => {
    const model = await load();
    const loaded = new Encoder(model, undefined, attn);
    const { states, tokens } = await loaded.encode(TEXTS, { pooling: 'none' });
    expect(tokens).toEqual([3, 7, 1, 17]);
    for (const [i, ids] of TEXTS.entries()) {
      const alone = await loaded.run({ inputIds: i32([1, ids.length], ids) });
      expectClose(states[i].data, alone.last_hidden_state.data);
    }
    loaded.dispose();
  });

  test('and so are rows of vectors', async () => {
    const model = await linformerFamily.load(encoder.checkpoint);
    const x = encoder.tensors.get('in.inputs_embeds')?.data.subarray(0, 48 * 32) ?? [];
    const short = f32([1, 20, 32], Float32Array.from(x.slice(0, 20 * 32)));
    const padded = f32([1, 48, 32], Float32Array.from(x));
    const attentionMask = bool(
      [1, 48],
      Array.from({ length: 48 }, (_, i) => i < 20),
    );
    const loaded = new Encoder(model, undefined, attn);
    const [alone, masked] = [
      await loaded.run({ inputsEmbeds: short }),
      await loaded.run({ inputsEmbeds: padded, attentionMask }),
    ];
    expectClose(masked.last_hidden_state.data.subarray(0, 20 * 32), alone.last_hidden_state.data);
    await expect(loaded.encode([[1, 2]])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has no table of words and takes inputsEmbeds [batch, length, 32]'),
    });
  });

  test('texts beyond the model are cut into windows', async () => {
    const model = await linformerFamily.load(lm.checkpoint, { architecture: 'Linformer' });
    const loaded = new Encoder(model, undefined, attn);
    const warnings: string[] = [];
    const ids = Array.from({ length: 100 }, (_, i) => i % 61);
    const { states } = await loaded.encode([ids], {
      pooling: 'none',
      onWarning: (message) => warnings.push(message),
    });
    expect(states[0].shape).toEqual([100, 32]);
    expect(warnings).toEqual([expect.stringContaining('text 0 has 100 tokens, and 64 are the most')]);
  });
});

describe('checkpoints', () => {
  test('half precision vectors are widened', async () => {
    const model = await linformerFamily.load(encoder.checkpoint);
    const { inputs } = model.callVectors({ inputsEmbeds: zeros('f16', [1, 2, 32]) });
    expect(inputs.inputs_embeds).toEqual(zeros('f32', [1, 2, 32]));
  });
  test.each(['LinformerModel', 'LinformerForMaskedLM', 'LinformerForSequenceClassification'])(
    'random weights of %s',
    async (architecture) => {
      const checkpoint = randomCheckpoint(linformerFamily, configOf({ layerwise: true }), { architecture });
      const model = await linformerFamily.load(checkpoint, { architecture });
      expect(model.architecture).toBe(architecture);
    },
  );
  test('everything that does not fit is in one error', async () => {
    const tensors = stateDict({}, 'all');
    tensors.delete('encoder.sentence_encoder.layers.1.self_attn.compress_v.weight');
    tensors.set('encoder.sentence_encoder.layers.0.self_attn.compress_k.weight', zeros('f32', [6, 19]));
    tensors.set('encoder.sentence_encoder.compress_layer.weight', zeros('f32', [6, 18]));
    await expect(linformerFamily.load(memoryCheckpoint(configOf({}), tensors, 'x/y'))).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message:
        '[attn/models] weights: the tensors of x/y must be those of its config.json, but ' +
        '1 is missing: encoder.sentence_encoder.layers.1.self_attn.compress_v.weight; and ' +
        '1 has no place in the model: encoder.sentence_encoder.compress_layer.weight; and ' +
        '1 has a wrong shape: encoder.sentence_encoder.layers.0.self_attn.compress_k.weight must be [6, 18], got [6, 19]',
    });
  });
});

describe('what is refused', () => {
  const causal =
    'a Linformer cannot be causal, because each projected key mixes all positions: causal must be absent or false, got true';
  test.each<[JsonObject, string, string]>([
    [{ causal: true }, 'UNSUPPORTED', causal],
    [{ is_decoder: true }, 'UNSUPPORTED', 'is_decoder must be absent or false'],
    [{ autoregressive: 1 }, 'UNSUPPORTED', 'autoregressive must be absent or false'],
    [{ architectures: ['LinformerModel'] }, 'UNSUPPORTED', 'must be one of Linformer, LinformerLM'],
    [{ num_tokens: null }, 'MALFORMED_FILE', 'num_tokens must be an integer ≥ 1 in a LinformerLM'],
    [{ dim: 33 }, 'MALFORMED_FILE', 'dim must be a multiple of heads = 4, got 33'],
    [{ depth: 1e9 }, 'MALFORMED_FILE', 'depth must be an integer from 1 to 10000, got 1000000000'],
    [{ seq_len: 0 }, 'MALFORMED_FILE', 'seq_len must be an integer from 1'],
    [{ k: 2.5 }, 'MALFORMED_FILE', 'k must be an integer from 1'],
    [{ dim_head: 0 }, 'MALFORMED_FILE', 'dim_head must be an integer from 1'],
    [{ reversible: 'yes' }, 'MALFORMED_FILE', 'reversible must be true or false, got "yes"'],
    [{ ...configOf({}), architectures: ['LinformerLM'] }, 'UNSUPPORTED', 'must be one of LinformerModel'],
    [
      { ...configOf({}), architectures: null, compressed: 19 },
      'MALFORMED_FILE',
      'compressed must be at most',
    ],
    [
      { ...configOf({}), architectures: null, shared_kv_compressed: 2 },
      'MALFORMED_FILE',
      'must be 0, 1, false',
    ],
    [
      { ...configOf({}), architectures: null, activation_fn: 'linear' },
      'MALFORMED_FILE',
      'activation_fn must be',
    ],
    [
      { ...configOf({}), architectures: null, classification_head_name: 7 },
      'MALFORMED_FILE',
      'must be a name',
    ],
  ])('%o', (fields, code, message) => {
    expect(() => readLinformerConfig({ ...lm.checkpoint.config, ...fields })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('any value in any field of a config: a model or a typed error', async () => {
    const values = fc.oneof(
      fc.integer(),
      fc.json().map((json): Json => JSON.parse(json)),
      fc.constantFrom<Json>(0, -1, 0.5, 1e308, 2 ** 31, '', null, true, [], {}, [1e9]),
    );
    for (const checkpoint of [lm.checkpoint, fairseq]) {
      const names = fc.constantFrom(...Object.keys(checkpoint.config), 'dim_head', 'causal', '__proto__');
      const property = fc.asyncProperty(
        fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 3 }),
        async (fields) => {
          const config = { ...checkpoint.config, ...Object.fromEntries(fields) };
          const error = await linformerFamily.load({ ...checkpoint, config }).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error === undefined) return;
          expect(error).toBeInstanceOf(AttnError);
          expect(['MALFORMED_FILE', 'UNSUPPORTED']).toContain((error as AttnError).code);
        },
      );
      await fc.assert(property, { numRuns: 300 });
    }
  });

  const ids = i32([1, 3], [0, 5, 2]);
  test.each<[string, Parameters<Linformer['call']>[0], string]>([
    ['a row of no batch', { inputIds: i32([3], [0, 5, 2]) }, 'inputIds must be [batch, length], got [3]'],
    ['fractions', { inputIds: zeros('f32', [1, 3]) }, 'inputIds must be integers, got f32'],
    [
      'an unknown id',
      { inputIds: i32([1, 2], [0, 61]) },
      'inputIds must be integers from 0 to 60, got 61 at [0, 1]',
    ],
    ['too many tokens', { inputIds: zeros('i32', [1, 65]) }, 'length must be at most 64, got 65'],
    [
      'a mask of another shape',
      { inputIds: ids, attentionMask: bool([1, 2], [1, 1]) },
      'must be [1, 3], got [1, 2]',
    ],
    ['global tokens', { inputIds: ids, globalAttentionMask: ids }, 'LinformerLM has no globalAttentionMask'],
    ['token types', { inputIds: ids, tokenTypeIds: ids }, 'LinformerLM has no tokenTypeIds'],
  ])('%s', async (_title, batch, message) => {
    const model = await linformerFamily.load(lm.checkpoint);
    expect(() => model.call(batch)).toThrow(message);
  });

  test('vectors where there are words, words where there are vectors, vectors of another width', async () => {
    const inputsEmbeds: Tensor = zeros('f32', [1, 2, 32]);
    const [words, vectors] = [
      await linformerFamily.load(lm.checkpoint),
      await linformerFamily.load(encoder.checkpoint),
    ];
    expect(() => words.callVectors({ inputsEmbeds })).toThrow('LinformerLM takes inputIds, got inputsEmbeds');
    expect(() => vectors.call({ inputIds: ids })).toThrow(
      'takes inputsEmbeds [batch, length, 32], got inputIds',
    );
    expect(() => vectors.callVectors({ inputsEmbeds: zeros('f32', [1, 2, 31]) })).toThrow(
      'inputsEmbeds must be [batch, length, 32], got [1, 2, 31]',
    );
    expect(() => vectors.callVectors({ inputsEmbeds: zeros('i32', [1, 2, 32]) })).toThrow(
      'must be f32 or f16',
    );
    expect(() => words.fixedGraph({ batch: 1, length: 65 })).toThrow('length must be at most 64, got 65');
    expect(() => words.fixedGraph({ batch: 1, length: 8, globalTokens: [0] })).toThrow('has no globalTokens');
  });
});
