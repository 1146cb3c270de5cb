// A Longformer whose window sees everything computes what the short
// model computed: checked against the outputs of the original.
import { f32, type JsonObject, type Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { differences } from '../testing/differences.testing.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { longformerFamily } from './index.ts';
import { toLongformer } from './to-longformer.ts';

describe.each([
  ['bert_encoder', 'LongformerModel'],
  ['bert_masked_lm', 'LongformerForMaskedLM'],
  ['bert_sequence_classification', 'LongformerForSequenceClassification'],
  ['roberta_encoder', 'LongformerModel'],
  ['roberta_masked_lm', 'LongformerForMaskedLM'],
])('%s', (id, architecture) => {
  test('is itself while the window sees everything', async () => {
    const golden = await readGolden(id);
    const model = await longformerFamily.load(
      toLongformer(golden.checkpoint, { window: 64, maxPositions: 100 }),
    );
    expect([model.architecture, model.maxLength]).toEqual([architecture, 100]);
    const { graph, inputs } = model.call(golden.batch);
    expect(differences(golden, referenceOutputs(graph, inputs))).toEqual([]);
  });
});

test('with a small window it is another one', async () => {
  const golden = await readGolden('roberta_encoder');
  const model = await longformerFamily.load(
    toLongformer(golden.checkpoint, { window: 4, maxPositions: 100 }),
  );
  const { graph, inputs } = model.call(golden.batch);
  expect(differences(golden, referenceOutputs(graph, inputs)).length).toBeGreaterThan(0);
});

/**
 * The position that each row of the long table was copied from: rows
 * of the short table hold their own number.
 */
const positionsOf = async (id: string, maxPositions: number): Promise<number[]> => {
  const { checkpoint } = await readGolden(id);
  const name = checkpoint.names.find((candidate) => candidate.endsWith('position_embeddings.weight')) ?? '';
  const { shape } = checkpoint.spec(name);
  const [rows, width] = shape;
  const numbered = f32(
    shape,
    Float32Array.from({ length: rows * width }, (_, i) => Math.floor(i / width)),
  );
  const long = toLongformer(
    {
      ...checkpoint,
      tensor: async (tensorName) => (tensorName === name ? numbered : checkpoint.tensor(tensorName)),
    },
    { maxPositions },
  );
  const target = long.names.find((candidate) => candidate.endsWith('position_embeddings.weight')) ?? '';
  const tensor = await long.tensor(target);
  expect(long.spec(target)).toMatchObject({ shape: tensor.shape, byteLength: tensor.data.byteLength });
  return Array.from({ length: tensor.shape[0] }, (_, i) => tensor.data[i * width]);
};
const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

describe('positions are copied one after another', () => {
  test('RoBERTa: behind the two rows that are reserved', async () => {
    expect(await positionsOf('roberta_encoder', 90)).toEqual([
      0,
      1,
      ...from(2, 40),
      ...from(2, 40),
      ...from(2, 10),
    ]);
  });
  test('BERT: its row 0 becomes that of the first token', async () => {
    expect(await positionsOf('bert_encoder', 90)).toEqual([
      0,
      ...from(0, 40),
      ...from(0, 40),
      ...from(0, 10),
    ]);
  });
  test('fewer than before', async () => {
    expect(await positionsOf('roberta_encoder', 5)).toEqual(from(0, 7));
  });
});

test('global projections begin as the local ones', async () => {
  const { checkpoint } = await readGolden('bert_encoder');
  const model = await longformerFamily.load(toLongformer(checkpoint, { window: [2, 8] }));
  expect(model.config.windows.map(({ oneSided }) => oneSided)).toEqual([1, 4]);
  const [{ query, queryGlobal, value, valueGlobal }] = model.weights.layers;
  expect(queryGlobal.weight.tensor.data).toEqual(query.weight.tensor.data);
  expect(valueGlobal.bias.tensor.data).toEqual(value.bias.tensor.data);
});

test('names of TensorFlow', async () => {
  const { checkpoint } = await readGolden('bert_encoder');
  const tensors = new Map<string, Tensor>();
  for (const name of checkpoint.names) {
    const old = name
      .replace('LayerNorm.weight', 'LayerNorm.gamma')
      .replace('LayerNorm.bias', 'LayerNorm.beta');
    tensors.set(`bert.${old}`, await checkpoint.tensor(name));
  }
  await longformerFamily.load(toLongformer(memoryCheckpoint(checkpoint.config, tensors)));
});

test.each<[JsonObject, object, string, string]>([
  [{ model_type: 'gpt2' }, {}, 'UNSUPPORTED', 'one of roberta, xlm-roberta, camembert, bert, got "gpt2"'],
  [{ position_embedding_type: 'relative_key' }, {}, 'UNSUPPORTED', 'positions must be absolute'],
  [{ architectures: ['BertLMHeadModel'] }, {}, 'UNSUPPORTED', 'no Longformer of the class "BertLMHeadModel"'],
  [
    { architectures: ['BertForMaskedLM'], hidden_act: 'relu' },
    {},
    'UNSUPPORTED',
    'must have hidden_act gelu',
  ],
  [{}, { window: 3 }, 'INVALID_ARGUMENT', 'window must be an even number'],
  [{}, { window: [4] }, 'INVALID_ARGUMENT', 'or 2 of them, one a layer, got [4]'],
  [{}, { maxPositions: 0 }, 'INVALID_ARGUMENT', 'maxPositions must be an integer from 1'],
])('%j %j is refused', async (fields, options, code, message) => {
  const { checkpoint } = await readGolden('bert_encoder');
  const changed = { ...checkpoint, config: { ...checkpoint.config, ...fields } };
  expect(() => toLongformer(changed, options)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test('options are checked', async () => {
  const { checkpoint } = await readGolden('roberta_encoder');
  const make = (options: object) => () => toLongformer(checkpoint, options);
  expect(make({ attention_window: 4 })).toThrow('there is no option "attention_window"; known are window');
  expect(make({ max_positions: 64 })).toThrow('did you mean maxPositions?');
  expect(make({ maxPositions: 1.5 })).toThrow('maxPositions must be an integer from 1 to 16777216, got 1.5');
  expect(make({ window: [4, NaN] })).toThrow('window must be integers ≥ 0, got NaN at [1]');
  expect(make({ window: Int32Array.of(4, 4, 4) })).toThrow('or 2 of them, one a layer, got [4, 4, 4]');
  expect(make({ window: Int32Array.of(4, 8) })().config.attention_window).toEqual([4, 8]);
});
