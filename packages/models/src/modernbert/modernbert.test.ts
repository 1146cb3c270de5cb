// What no golden of the original covers: windows one by one, spellings of the config, names, refused inputs.
import type { JsonObject, Tensor } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import type { TokenBatch } from '../model.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';
import { readModernBertConfig } from './config.ts';
import { modernBertFamily } from './index.ts';
import { MODERNBERT_PRESETS } from './presets.ts';

const TINY = {
  model_type: 'modernbert',
  hidden_size: 16,
  intermediate_size: 24,
  num_attention_heads: 2,
  num_hidden_layers: 3,
  pad_token_id: 0,
  vocab_size: 99,
};

/** A model of random weights. */
const random = (fields: JsonObject = {}, architecture?: string): Promise<EncoderModel> =>
  modernBertFamily.load(
    randomCheckpoint(modernBertFamily, { ...TINY, ...fields }, { architecture }),
    architecture === undefined ? {} : { architecture },
  );

/** The first output for a batch. */
function outputOf(model: EncoderModel, batch: TokenBatch): Tensor {
  const { graph, inputs } = model.call(batch);
  return referenceOutputs(graph, inputs)[model.outputs[0]];
}

const idsOf = (length: number): number[] => Array.from({ length }, (_, i) => 5 + ((i * 7) % 80));

/** Positions of one row whose state changes when the token at `at` does. */
function influenced(model: EncoderModel, length: number, at: number): number[] {
  const ids = idsOf(length);
  const [before, after] = [ids, ids.with(at, 98)].map((row) => outputOf(model, { inputIds: [row] }).data);
  const width = before.length / length;
  return ids.flatMap((_, i) => {
    const changed = before
      .subarray(i * width, (i + 1) * width)
      .some((value, j) => value !== after[i * width + j]);
    return changed ? [i] : [];
  });
}

describe('who sees whom', () => {
  const around = (oneSided: number): number[] =>
    Array.from({ length: 2 * oneSided + 1 }, (_, i) => 7 - oneSided + i);
  test.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [7, 3],
    [8, 4],
  ])('a window of %i is %i on each side', async (local_attention, oneSided) => {
    const model = await random({
      num_hidden_layers: 1,
      layer_types: ['sliding_attention'],
      local_attention,
    });
    expect(influenced(model, 15, 7)).toEqual(around(oneSided));
  });
  test('without layer_types, one layer of so many is full, the first among them', () => {
    const layers = (fields: JsonObject) => readModernBertConfig({ ...TINY, ...fields }).layers;
    expect(layers({ num_hidden_layers: 5 })).toEqual(['full', 'sliding', 'sliding', 'full', 'sliding']);
    expect(layers({ global_attn_every_n_layers: 2 })).toEqual(['full', 'sliding', 'full']);
    expect(layers({ global_attn_every_n_layers: 1 })).toEqual(['full', 'full', 'full']);
    expect(
      layers({
        global_attn_every_n_layers: 1,
        layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
      }),
    ).toEqual(['sliding', 'full', 'sliding']);
  });
  test('windows are patterns, so that their cost follows them', async () => {
    const graph = (await random({ local_attention: 4 })).fixedGraph({ batch: 1, length: 64 });
    const patterns = graph.nodes.flatMap(({ op, attributes }) =>
      op === 'attention' ? [attributes.pattern.key] : [],
    );
    expect(new Set(patterns).size).toBe(2);
    expect(patterns[1]).toContain('slidingWindow');
    expect(graph.nodes.some(({ op }) => op === 'slice' || op === 'concat')).toBe(false);
  });
  test('a row longer than max_position_embeddings is computed', async () => {
    const model = await random({ max_position_embeddings: 8 });
    expect(model.maxLength).toBe(8);
    expect(outputOf(model, { inputIds: [idsOf(20)] }).shape).toEqual([1, 20, 16]);
  });
});

describe('the spellings of rotary positions', () => {
  const frequencies = (fields: JsonObject): Record<string, readonly number[]> => {
    const { ropes } = readModernBertConfig({ ...TINY, ...fields });
    return Object.fromEntries([...ropes].map(([kind, rope]) => [kind, [...rope.frequencies]]));
  };
  const own = (full: JsonObject, sliding: JsonObject): JsonObject => ({
    rope_parameters: { full_attention: full, sliding_attention: sliding },
  });
  const theta = (rope_theta: number): JsonObject => ({ rope_theta });

  test('of 2024 and of today are the same', () => {
    expect(frequencies({ global_rope_theta: 80_000, local_rope_theta: 500 })).toEqual(
      frequencies(own(theta(80_000), theta(500))),
    );
    expect(frequencies({})).toEqual(frequencies(own(theta(160_000), theta(10_000))));
  });
  test('where both are there, that of today counts', () => {
    const both = { global_rope_theta: 7, local_rope_theta: 7, ...own(theta(80_000), theta(500)) };
    expect(frequencies(both)).toEqual(frequencies(own(theta(80_000), theta(500))));
    expect(frequencies({ global_rope_theta: 80_000, ...own({}, theta(500)) })).toEqual(
      frequencies(own(theta(80_000), theta(500))),
    );
  });
  test('no theta of their own (null): sliding layers have that of the full ones', () => {
    expect(frequencies({ global_rope_theta: 80_000, local_rope_theta: null })).toEqual(
      frequencies(own(theta(80_000), theta(80_000))),
    );
  });
  test('rope_scaling is of both kinds, rope_parameters of one', () => {
    const scaled = { type: 'linear', factor: 4 };
    const plain = frequencies({});
    const divided = (kind: string): number[] => plain[kind].map((value) => value / 4);
    expect(frequencies({ rope_scaling: scaled })).toEqual({
      full: divided('full'),
      sliding: divided('sliding'),
    });
    expect(frequencies(own(scaled, {}))).toEqual({ full: divided('full'), sliding: plain.sliding });
  });
  test('a kind that no layer has is not read', () => {
    const fields = { layer_types: new Array<string>(3).fill('full_attention') };
    expect(Object.keys(frequencies({ ...fields, ...own({}, { rope_type: 'other' }) }))).toEqual(['full']);
  });
});

test('norm_eps counts, layer_norm_eps and hidden_act do not', () => {
  const plain = readModernBertConfig(TINY);
  const stale = { layer_norm_eps: 1, hidden_act: 'relu', position_embedding_type: 'absolute' };
  expect(readModernBertConfig({ ...TINY, ...stale })).toEqual(plain);
  expect(readModernBertConfig({ ...TINY, norm_eps: 1 }).normEps).toBe(1);
});

describe('pooling', () => {
  const [a, b] = [idsOf(6), idsOf(6).toReversed()];
  const logits = (model: EncoderModel, batch: TokenBatch): number[] => [...outputOf(model, batch).data];
  const nearly = (expected: readonly number[]): unknown[] =>
    expected.map((value): unknown => expect.closeTo(value, 6));

  test.each(['cls', 'mean'])('%s: padding on the right changes nothing', async (classifier_pooling) => {
    for (const architecture of ['ModernBertForSequenceClassification', 'ModernBertForMultipleChoice']) {
      const model = await random({ classifier_pooling, num_labels: 3 }, architecture);
      const isChoice = architecture === 'ModernBertForMultipleChoice';
      const rows = (list: number[][]): never => (isChoice ? [list] : list) as never;
      const plain = logits(model, { inputIds: rows([a, b]) });
      const ones = new Array<number>(6).fill(1);
      expect(logits(model, { inputIds: rows([a, b]), attentionMask: rows([ones, ones]) })).toEqual(
        nearly(plain),
      );
      const mask = [...ones, 0, 0];
      const padded = [a, b].map((row) => [...row, 98, 97]);
      expect(logits(model, { inputIds: rows(padded), attentionMask: rows([mask, mask]) })).toEqual(
        nearly(plain),
      );
    }
  });
  test('a choice may be padded on the left, or empty', async () => {
    const model = await random({}, 'ModernBertForMultipleChoice');
    const plain = logits(model, { inputIds: [[a, b]] });
    const padded = [a, b].map((row) => [98, 97, ...row]);
    const mask = [0, 0, 1, 1, 1, 1, 1, 1];
    expect(logits(model, { inputIds: [padded], attentionMask: [[mask, mask]] })).toEqual(nearly(plain));
    const nothing = new Array<number>(8).fill(0);
    const [first, second] = logits(model, { inputIds: [padded], attentionMask: [[mask, nothing]] });
    expect(first).toBeCloseTo(plain[0], 6);
    expect(second).not.toBeNaN();
  });
});

describe('weights', () => {
  const tensorsOf = async (fields: JsonObject, architecture: string): Promise<Map<string, Tensor>> => {
    const checkpoint = randomCheckpoint(modernBertFamily, { ...TINY, ...fields }, { architecture });
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.names) tensors.set(name, await checkpoint.tensor(name));
    return tensors;
  };
  const states = async (
    tensors: ReadonlyMap<string, Tensor>,
    architecture = 'ModernBertModel',
    config: JsonObject = TINY,
  ): Promise<readonly number[]> => {
    const model = await modernBertFamily.load(memoryCheckpoint(config, tensors), { architecture });
    return [...outputOf(model, { inputIds: [idsOf(9)] }).data];
  };
  const renamed = (tensors: ReadonlyMap<string, Tensor>, rename: (name: string) => string) =>
    new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));

  test('with and without the prefix, with and without a head', async () => {
    const tensors = await tensorsOf({}, 'ModernBertForMaskedLM');
    expect([...tensors.keys()]).toContain('model.layers.1.attn.Wqkv.weight');
    expect([...tensors.keys()]).not.toContain('decoder.weight');
    const bare = renamed(tensors, (name) => name.replace(/^model\./, ''));
    const headless = new Map([...bare].filter(([name]) => !/^(head|decoder)\./.test(name)));
    const expected = await states(tensors);
    expect(await states(bare)).toEqual(expected);
    expect(await states(headless)).toEqual(expected);
    expect(await states(bare, 'ModernBertForMaskedLM')).toEqual(
      await states(tensors, 'ModernBertForMaskedLM'),
    );
  });
  test('a tied decoder that is stored again, or alone', async () => {
    const tensors = await tensorsOf({}, 'ModernBertForMaskedLM');
    const expected = await states(tensors, 'ModernBertForMaskedLM');
    const words = 'model.embeddings.tok_embeddings.weight';
    const table = tensors.get(words) as Tensor;
    const twice = new Map([...tensors, ['decoder.weight', table]]);
    expect(await states(twice, 'ModernBertForMaskedLM')).toEqual(expected);
    twice.delete(words);
    expect(await states(twice, 'ModernBertForMaskedLM')).toEqual(expected);
    expect(await states(twice)).toEqual(await states(tensors));
  });
  test('a decoder of its own must be there', async () => {
    const config = { ...TINY, tie_word_embeddings: false };
    const tensors = await tensorsOf({}, 'ModernBertForMaskedLM');
    await expect(states(tensors, 'ModernBertForMaskedLM', config)).rejects.toThrow(
      '1 is missing: decoder.weight',
    );
  });
  test('biases that the config does not have are not left out silently', async () => {
    const tensors = await tensorsOf({ attention_bias: true }, 'ModernBertModel');
    await expect(states(tensors)).rejects.toThrow(
      '6 have no place in the model: model.layers.0.attn.Wqkv.bias',
    );
  });
  test('graphs share the parts of matrices, which are not copied', async () => {
    const tensors = await tensorsOf({}, 'ModernBertModel');
    const model = await modernBertFamily.load(memoryCheckpoint(TINY, tensors));
    const [a, b] = [8, 9].map((length) => {
      const { constants, names } = model.fixedGraph({ batch: 1, length });
      return new Map([...constants].map(([id, { data }]) => [names.get(id), data]));
    });
    const [name, part] = ['layers.0.attn.Wqkv.weight', '[16:32]'];
    expect(a.get(`model.${name}${part}`)).toBe(b.get(`model.${name}${part}`));
    expect(a.get(`model.${name}${part}`)?.buffer).toBe(tensors.get(`model.${name}`)?.data.buffer);
  });
});

test.each(Object.entries(MODERNBERT_PRESETS))('%s has the size that it is known by', (name, config) => {
  const slots = modernBertFamily.slots({ config, has: () => true });
  const millions = slots.reduce((sum, { shape }) => sum + sizeOf(shape), 0) / 1e6;
  const counts: Readonly<Record<string, number>> = {
    'modernbert-base': 149,
    'modernbert-large': 395,
    'gte-modernbert-base': 149,
    'granite-embedding-english-r2': 149,
    'mmbert-small': 140,
    'mmbert-base': 307,
    'ettin-encoder-17m': 17,
    'ettin-encoder-32m': 32,
    'ettin-encoder-68m': 68,
    'ettin-encoder-150m': 149,
    'ettin-encoder-400m': 395,
    'ettin-encoder-1b': 1028,
  };
  expect(Math.round(millions)).toBe(counts[name]);
});

describe('what is refused', () => {
  test.each<[JsonObject, string, string]>([
    [{ architectures: ['ModernBertForDreams'] }, 'UNSUPPORTED', 'got "ModernBertForDreams"'],
    [{ num_hidden_layers: 0 }, 'MALFORMED_FILE', 'num_hidden_layers must be an integer from 1'],
    [
      { hidden_size: 15 },
      'MALFORMED_FILE',
      'hidden_size must be a multiple of num_attention_heads = 2, got 15',
    ],
    [{ hidden_size: 18 }, 'MALFORMED_FILE', 'the width of a head must be even, got 9'],
    [{ hidden_activation: 'mish' }, 'MALFORMED_FILE', 'hidden_activation must be one of gelu'],
    [{ classifier_activation: 7 }, 'MALFORMED_FILE', 'classifier_activation must be one of gelu'],
    [
      { classifier_pooling: 'max' },
      'MALFORMED_FILE',
      'classifier_pooling must be one of cls, mean, got "max"',
    ],
    [{ local_attention: -1 }, 'MALFORMED_FILE', 'local_attention must be an integer from 0'],
    [
      { global_attn_every_n_layers: 0 },
      'MALFORMED_FILE',
      'global_attn_every_n_layers must be an integer from 1',
    ],
    [{ layer_types: ['full_attention'] }, 'MALFORMED_FILE', 'layer_types must be a list of 3 of'],
    [
      { layer_types: ['full_attention', 'full_attention', 'full'] },
      'MALFORMED_FILE',
      'layer_types must be a list of 3 of full_attention or sliding_attention, got "full"',
    ],
    [{ rope_parameters: 7 }, 'MALFORMED_FILE', 'rope_parameters must be an object, got 7'],
    [{ rope_scaling: [] }, 'MALFORMED_FILE', 'rope_scaling must be an object'],
    [
      { rope_parameters: { rope_theta: 10_000 } },
      'MALFORMED_FILE',
      'rope_parameters must be an object of full_attention and sliding_attention',
    ],
    [
      { rope_parameters: { full_attention: { rope_type: 'longrope' } } },
      'UNSUPPORTED',
      'rope_parameters.full_attention must have a rope_type of default, linear, proportional, yarn, got "longrope"',
    ],
    [{ rope_scaling: { type: 'dynamic' } }, 'UNSUPPORTED', 'rope_scaling must have a rope_type of'],
    [
      { rope_parameters: { sliding_attention: { rope_theta: 'big' } } },
      'MALFORMED_FILE',
      'rope_parameters.sliding_attention: rope_theta must be a number',
    ],
    [{ local_rope_theta: 0 }, 'MALFORMED_FILE', 'local_rope_theta must be a number'],
    [{ norm_bias: 1 }, 'MALFORMED_FILE', 'norm_bias must be true or false, got 1'],
    [{ pad_token_id: 99 }, 'MALFORMED_FILE', 'pad_token_id must be an integer from 0 to 98, got 99'],
  ])('%o', (fields, code, message) => {
    expect(() => readModernBertConfig({ ...TINY, ...fields })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  const inputIds = [[5, 6, 7]];
  test.each<[string, TokenBatch, string]>([
    ['an id beyond the vocabulary', { inputIds: [[5, 99]] }, 'from 0 to 98, got 99 at [0, 1]'],
    ['token types', { inputIds, tokenTypeIds: [[0, 0, 0]] }, 'ModernBertModel'],
    ['a global mask', { inputIds, globalAttentionMask: [[0, 0, 0]] }, 'ModernBertModel'],
    ['a token that is global', { inputIds, attentionMask: [[2, 1, 1]] }, 'got 2 at [0, 0]'],
    ['a negative position', { inputIds, positionIds: [[0, 1, -1]] }, 'positionIds must be integers from 0'],
  ])('%s', async (_title, batch, message) => {
    const model = await random();
    expect(() => model.call(batch)).toThrow(message);
  });
});
