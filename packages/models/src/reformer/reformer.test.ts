// What no golden of the original covers: the published sizes, seeds, heads, lengths, and what is refused.
import { i32, zeros, type JsonObject, type Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { byteTokenizer } from '../byte-tokenizer.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { bucketsFor, readReformerConfig } from './config.ts';
import { reformerFamily, type Reformer, type ReformerCallOptions } from './index.ts';
import { REFORMER_PRESETS } from './presets.ts';

const golden = await readGolden('reformer_encoder');
const { checkpoint } = golden;
const model = await reformerFamily.load(checkpoint);

const withConfig = (fields: JsonObject, architecture?: string): Promise<Reformer> =>
  reformerFamily.load(
    randomCheckpoint(reformerFamily, { ...checkpoint.config, ...fields }, { architecture }),
    {
      architecture,
    },
  );
const ids = (length: number): Tensor =>
  i32(
    [1, length],
    Array.from({ length }, (_, i) => 3 + ((i * 7) % 60)),
  );
const outputs = (of: Reformer, length: number, options: ReformerCallOptions = {}) => {
  const { graph, inputs } = of.call({ inputIds: ids(length) }, options);
  return referenceOutputs(graph, inputs);
};
const states = (...args: Parameters<typeof outputs>) => outputs(...args).last_hidden_state.data;

describe('the published checkpoints', () => {
  const layout = (name: keyof typeof REFORMER_PRESETS) =>
    new Map(
      reformerFamily
        .slots({ config: REFORMER_PRESETS[name], has: () => true })
        .map((slot) => [slot.name, slot.shape]),
    );
  const layer = (i: number) => `reformer.encoder.layers.${i}`;

  test('google/reformer-enwik8', () => {
    const shapes = layout('reformer-enwik8');
    // Embeddings, 9 local layers, 3 of LSH, the last norm, the head.
    expect(shapes.size).toBe(3 + 9 * 12 + 3 * 11 + 2 + 2);
    expect(Object.fromEntries(shapes)).toMatchObject({
      'reformer.embeddings.word_embeddings.weight': [258, 1024],
      'reformer.embeddings.position_embeddings.weights.0': [128, 1, 256],
      'reformer.embeddings.position_embeddings.weights.1': [1, 512, 768],
      [`${layer(0)}.attention.self_attention.query.weight`]: [1024, 1024],
      [`${layer(0)}.attention.self_attention.key.weight`]: [1024, 1024],
      [`${layer(2)}.attention.self_attention.query_key.weight`]: [1024, 1024],
      [`${layer(2)}.attention.self_attention.value.weight`]: [1024, 1024],
      [`${layer(11)}.attention.output.dense.weight`]: [1024, 1024],
      [`${layer(11)}.feed_forward.dense.dense.weight`]: [4096, 1024],
      [`${layer(11)}.feed_forward.output.dense.bias`]: [1024],
      'reformer.encoder.layer_norm.weight': [2048],
      'lm_head.decoder.weight': [258, 2048],
      'lm_head.bias': [258],
    });
  });

  test('google/reformer-crime-and-punishment', () => {
    const shapes = Object.fromEntries(layout('reformer-crime-and-punishment'));
    expect(shapes).toMatchObject({
      'reformer.embeddings.position_embeddings.weights.0': [512, 1, 64],
      'reformer.embeddings.position_embeddings.weights.1': [1, 1024, 192],
      [`${layer(1)}.attention.self_attention.query_key.weight`]: [128, 256],
      [`${layer(1)}.attention.output.dense.weight`]: [256, 128],
      'lm_head.decoder.weight': [320, 512],
    });
    const config = readReformerConfig(REFORMER_PRESETS['reformer-crime-and-punishment']);
    expect(config).toMatchObject({ buckets: [64, 128], causal: true, heads: 2, headDim: 64, rounds: 1 });
  });

  test('random weights of one run, at a length that is padded', async () => {
    const config = REFORMER_PRESETS['reformer-crime-and-punishment'];
    const random = await reformerFamily.load(randomCheckpoint(reformerFamily, config));
    expect(random.maxLength).toBe(524_288);
    const { logits } = outputs(random, 70);
    expect(logits.shape).toEqual([1, 70, 320]);
    expect(Array.from(logits.data).every(Number.isFinite)).toBe(true);
  });
});

test('buffers of old releases are ignored, unknown tensors are not', async () => {
  const more = (name: string) => ({ ...checkpoint, names: [...checkpoint.names, name] });
  const layer = 'encoder.layers.1.attention.self_attention';
  await reformerFamily.load(more(`${layer}.mask_value_float32`));
  await reformerFamily.load(more(`${layer}.self_mask_value_float16`));
  await expect(reformerFamily.load(more(`${layer}.other`))).rejects.toThrow('1 has no place in the model');
});

describe('rotations', () => {
  test('follow from the seed, another in each layer unless hash_seed is set', async () => {
    expect(states(model, 64)).toEqual(states(await reformerFamily.load(checkpoint), 64));
    expect(states(model, 64, { seed: 5 })).not.toEqual(states(model, 64));
    const config = readReformerConfig({ ...checkpoint.config, hash_seed: 1 });
    const seeded = await reformerFamily.load({
      ...checkpoint,
      config: { ...checkpoint.config, hash_seed: 1 },
    });
    expect(config.hashSeed).toBe(1);
    const constants = (of: Reformer) =>
      [...of.fixedGraph({ batch: 1, length: 64 }).constants.values()].filter(
        ({ shape }) => shape.join() === '2,16,2,4',
      );
    // Layers 1 and 3 have LSH attention; equal rotations are one tensor.
    expect(new Set(constants(seeded)).size).toBe(1);
    expect(new Set(constants(model)).size).toBe(2);
  });

  test('are not needed for a row of one chunk', () => {
    const rotations = new Map([[1, zeros('f32', [2, 16, 2, 4])]]);
    const { graph, inputs } = model.call({ inputIds: ids(7) }, { rotations });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    expect(Object.keys(inputs)).toEqual(['input_ids']);
  });

  test.each([
    [0, [2, 16, 2, 4], 'rotations are of LSH layers, got some of layer 0'],
    [9, [2, 16, 2, 4], 'rotations are of LSH layers, got some of layer 9'],
    [1, [2, 16, 2, 5], 'rotations.1 must be [2, 16, 2, 4], got [2, 16, 2, 5]'],
  ])('of layer %i with the shape %j: %s', (layer, shape, message) => {
    const rotations = new Map([[layer, zeros('f32', shape)]]);
    expect(() => model.call({ inputIds: ids(64) }, { rotations })).toThrow(message);
  });
});

test('numbers of buckets that are not given follow from the length', async () => {
  const config = readReformerConfig({ ...checkpoint.config, num_buckets: null });
  expect([16, 64, 128].map((length) => bucketsFor(config, length))).toEqual([[4], [16], [4, 8]]);
  const unset = await withConfig({ num_buckets: null });
  expect(outputs(unset, 64).last_hidden_state.shape).toEqual([1, 64, 64]);
  const factors = await withConfig({ num_buckets: [4, 6] });
  expect(outputs(factors, 64).last_hidden_state.shape).toEqual([1, 64, 64]);
});

test('heads', async () => {
  const shapes = async (architecture: string, length: number, fields: JsonObject = {}) =>
    Object.entries(outputs(await withConfig(fields, architecture), length)).map(([name, { shape }]) => [
      name,
      shape,
    ]);
  expect(await shapes('ReformerForMaskedLM', 13)).toEqual([['logits', [1, 13, 71]]]);
  expect(await shapes('ReformerForSequenceClassification', 13, { num_labels: 3 })).toEqual([
    ['logits', [1, 3]],
  ]);
  expect(await shapes('ReformerForQuestionAnswering', 13)).toEqual([
    ['start_logits', [1, 13]],
    ['end_logits', [1, 13]],
  ]);
});

test('a model with a head can be loaded without it, and the encoder of a causal one is causal', async () => {
  const { checkpoint: lm } = await readGolden('reformer_lm');
  const encoder = await reformerFamily.load(lm, { architecture: 'ReformerModel' });
  expect(encoder.outputs).toEqual(['last_hidden_state']);
  expect(encoder.config.causal).toBe(true);
  expect(encoder.generation).toBeUndefined();
});

test('grids of positions of one and of three axes', async () => {
  for (const [shape, widths] of [
    [[128], [32]],
    [
      [4, 4, 8],
      [8, 8, 16],
    ],
  ]) {
    const other = await withConfig({ axial_pos_shape: shape, axial_pos_embds_dim: widths });
    expect(other.maxLength).toBe(128);
    expect(new Set(outputs(other, 128, { hiddenStates: true })['hidden_states.0'].data).size).toBeGreaterThan(
      1_000,
    );
  }
});

describe('lengths', () => {
  test('the longest row has positions for its padding too', async () => {
    expect((await withConfig({ axial_pos_shape: [3, 7] })).maxLength).toBe(16);
    expect((await withConfig({ axial_pos_shape: [1, 5] })).maxLength).toBe(5);
    const odd = { local_attn_chunk_length: 6, axial_pos_shape: [5, 10] };
    expect((await withConfig(odd)).maxLength).toBe(48);
  });
  test('longer rows are refused', () => {
    expect(() => model.call({ inputIds: ids(129) })).toThrow('length must be at most 128, got 129');
    expect(() => model.fixedGraph({ batch: 1, length: 129 })).toThrow('length must be at most 128, got 129');
  });
});

describe('says what is wrong with', () => {
  test.each<[JsonObject, string]>([
    [{ pad_token_id: 71 }, 'pad_token_id must be below vocab_size = 71, got 71'],
    [
      { attn_layers: ['local', 'global'] },
      'attn_layers must be a list of 1 to 10000 times local or lsh, got "global"',
    ],
    [{ attn_layers: [] }, 'attn_layers must be a list of 1 to 10000 times local or lsh, got 0'],
    [{ attn_layers: 'local' }, 'attn_layers must be a list of texts, got "local"'],
    [{ num_buckets: 7 }, 'num_buckets must be even, or a list of even factors, each at most 1048576, got 7'],
    [{ num_buckets: [4, 3] }, 'num_buckets must be even'],
    [{ num_buckets: [] }, 'num_buckets must be even'],
    [{ num_buckets: [65_536, 65_536] }, 'num_buckets must be even'],
    [{ num_buckets: 2 ** 30 }, 'num_buckets must be even'],
    [{ lsh_num_chunks_before: 2000 }, 'lsh_num_chunks_before must be an integer from 0 to 1024, got 2000'],
    [{ num_hashes: 0 }, 'num_hashes must be an integer from 1'],
    [{ num_hashes: 1e6 }, 'num_hashes must be an integer from 1 to 1024, got 1000000'],
    [
      { axial_pos_shape: [8] },
      'axial_pos_embds_dim must be a list of 1, as axial_pos_shape is, got [12, 20]',
    ],
    [{ axial_pos_shape: [65_536, 65_536] }, 'axial_pos_shape must be 1 to 8 extents'],
    [
      { axial_pos_embds_dim: [12, 21] },
      'axial_pos_embds_dim must be of the sum hidden_size = 32, got [12, 21]',
    ],
    [{ axial_pos_embds: 'yes' }, 'axial_pos_embds must be true or false'],
    [{ lsh_attn_chunk_length: 0 }, 'lsh_attn_chunk_length must be an integer from 1'],
    [{ hash_seed: 1.5 }, 'hash_seed must be an integer from 0'],
    [{ hidden_act: 'mish' }, 'hidden_act must be one of gelu'],
    [{ architectures: ['ReformerModelWithLMHead'] }, 'is_decoder must be true in a ReformerModelWithLMHead'],
    [{ architectures: ['ReformerForMaskedLM'], is_decoder: true }, 'is_decoder must be false in a'],
    [{ architectures: ['ReformerForChat'] }, 'the architecture must be one of ReformerModel, '],
  ])('%j', (fields, message) => {
    expect(() => readReformerConfig({ ...checkpoint.config, ...fields })).toThrow(message);
  });

  test('a grid that is not the checkpoint’s', async () => {
    const config = { ...checkpoint.config, axial_pos_shape: [16, 8] };
    await expect(reformerFamily.load({ ...checkpoint, config })).rejects.toThrow(
      'embeddings.position_embeddings.weights.0 must be [16, 1, 12], got [8, 1, 12]',
    );
  });

  test('a batch', () => {
    const inputIds = ids(16);
    expect(() => model.call({ inputIds: i32([16], ids(16).data) })).toThrow(
      'inputIds must be [batch, length]',
    );
    expect(() => model.call({ inputIds, tokenTypeIds: inputIds })).toThrow('has no tokenTypeIds, got {');
    expect(() => model.call({ inputIds: i32([1, 1], [71]) })).toThrow(
      'inputIds must be integers from 0 to 70, got 71',
    );
    expect(() => model.call({ inputIds }, { seed: 0.5 })).toThrow('seed must be an integer, got 0.5');
    expect(() => model.fixedGraph({ batch: 1, length: 8, globalTokens: [0] })).toThrow('has no globalTokens');
  });
});

test('texts are bytes where the vocabulary is that of bytes', () => {
  expect(reformerFamily.tokenizer?.({ vocab_size: 320 })).toBeUndefined();
  const tokenizer = reformerFamily.tokenizer?.({ vocab_size: 258 }) ?? byteTokenizer(0);
  expect(tokenizer.encode('aé').ids).toEqual([99, 0xc3 + 2, 0xa9 + 2]);
  expect(tokenizer.decode([0, 1, ...tokenizer.encode('Ишмаэл 🐋').ids])).toBe('Ишмаэл 🐋');
  expect(tokenizer.decode(tokenizer.encode('\uFEFFa').ids)).toBe('\uFEFFa');
});
