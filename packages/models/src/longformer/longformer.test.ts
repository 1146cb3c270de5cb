// What no golden of the original covers: the extensions, optional parts, and refused inputs.
import { bool, i32, zeros, type JsonObject, type Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { readLongformerConfig } from './config.ts';
import { longformerFamily, type Longformer } from './index.ts';

const golden = await readGolden('longformer_no_global');
const { checkpoint } = golden;

/** The golden's model with other fields in its config. */
const withConfig = (fields: JsonObject): Promise<Longformer> =>
  longformerFamily.load({ ...checkpoint, config: { ...checkpoint.config, ...fields } });

/** Rows of the last hidden state for these ids. */
function rows(model: Longformer, ids: readonly number[], globals?: Tensor): Float32Array[] {
  const { graph, inputs } = model.call({
    inputIds: i32([1, ids.length], ids),
    globalAttentionMask: globals,
  });
  const { shape, data } = referenceOutputs(graph, inputs).last_hidden_state;
  const width = shape[2];
  return ids.map((_, i) => Float32Array.from(data.subarray(i * width, (i + 1) * width)));
}

/** Positions whose row changes when the token at `at` does. */
function influenced(model: Longformer, n: number, at: number, globals?: Tensor): number[] {
  const ids = Array.from({ length: n }, (_, i) => 5 + ((i * 7) % 80));
  const before = rows(model, ids, globals);
  const after = rows(model, ids.with(at, 90), globals);
  return before.flatMap((row, i) => (row.every((value, j) => value === after[i][j]) ? [] : [i]));
}

describe('the extensions', () => {
  const oneLayer = { num_hidden_layers: 1, attention_window: 4 };
  const single = async (fields: JsonObject): Promise<Longformer> => {
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.names) {
      if (!/layer\.[1-9]/.test(name)) tensors.set(name, await checkpoint.tensor(name));
    }
    return longformerFamily.load(memoryCheckpoint({ ...checkpoint.config, ...oneLayer, ...fields }, tensors));
  };

  test('a window reaches as far as it says', async () => {
    expect(influenced(await single({}), 15, 7)).toEqual([5, 6, 7, 8, 9]);
  });
  test('dilation leaves gaps, also per layer and per head', async () => {
    const dilated = [3, 5, 7, 9, 11];
    for (const attention_dilation of [2, [2], [[2, 2, 2, 2]]])
      expect(influenced(await single({ attention_dilation }), 15, 7)).toEqual(dilated);
    expect(influenced(await single({ attention_dilation: [[1, 1, 1, 3]] }), 15, 7)).toEqual([
      1, 4, 5, 6, 7, 8, 9, 10, 13,
    ]);
  });
  test('causal: nothing sees what comes later, global tokens neither', async () => {
    const model = await single({ autoregressive: true });
    expect(influenced(model, 15, 7)).toEqual([7, 8, 9]);
    const globals = bool(
      [1, 15],
      Array.from({ length: 15 }, (_, i) => i === 3),
    );
    expect(influenced(model, 15, 7, globals)).toEqual([7, 8, 9]);
    expect(influenced(model, 15, 3, globals)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });
  test('windows per layer add up', async () => {
    expect(influenced(await withConfig({ attention_window: [2, 4, 2] }), 15, 7)).toEqual([
      3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });
});

describe('graphs', () => {
  const ids = (batch: number, n: number) => i32([batch, n], new Int32Array(batch * n).fill(7));
  test('calls of equal shape share one, and all share the weights', async () => {
    const model = await longformerFamily.load(checkpoint);
    const [a, b, c] = [8, 8, 9].map((n) => model.call({ inputIds: ids(2, n) }).graph);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    const arrays = ({ constants }: typeof a) => new Set([...constants.values()].map(({ data }) => data));
    expect([...arrays(a)].filter((array) => !arrays(c).has(array))).toEqual([]);
  });
  test('without global tokens their projections are not computed', async () => {
    const model = await longformerFamily.load(checkpoint);
    const count = (mask: Tensor | undefined) =>
      model
        .call({ inputIds: ids(1, 8), globalAttentionMask: mask })
        .graph.nodes.filter(({ op }) => op === 'linear').length;
    const none = count(undefined);
    expect(count(bool([1, 8], new Uint8Array(8)))).toBe(none);
    // Of one global token only the query is projected; of many, all of it in each layer.
    expect(count(bool([1, 8], [1, 0, 0, 0, 0, 0, 0, 0]))).toBe(none + 3);
    expect(count(bool([1, 8], [1, 1, 1, 1, 1, 1, 1, 1]))).toBe(none + 3 * 3);
  });
  test('constants are named as in the checkpoint', async () => {
    const { graph } = (await longformerFamily.load(checkpoint)).call({ inputIds: ids(1, 8) });
    expect([...graph.names.values()]).toContain('encoder.layer.0.attention.self.query.weight');
  });
});

describe('checkpoints', () => {
  test('the encoder of a checkpoint with a head, without a pooler', async () => {
    const { checkpoint: withHead } = await readGolden('longformer_masked_lm');
    const model = await longformerFamily.load(withHead, { architecture: 'LongformerModel' });
    expect(model.outputs).toEqual(['last_hidden_state']);
  });
  test('half precision is widened', async () => {
    const name = 'embeddings.LayerNorm.weight';
    const half: Tensor = { ...zeros('f16', [64]), data: new Uint16Array(64).fill(0x3c00) };
    const model = await longformerFamily.load({
      ...checkpoint,
      tensor: (tensorName) => (tensorName === name ? Promise.resolve(half) : checkpoint.tensor(tensorName)),
    });
    expect(model.weights.embeddingNorm.weight.tensor).toEqual({
      dtype: 'f32',
      shape: [64],
      data: new Float32Array(64).fill(1),
    });
  });
  test('everything that does not fit is in one error', async () => {
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.names) tensors.set(name, await checkpoint.tensor(name));
    tensors.delete('embeddings.LayerNorm.bias');
    tensors.set('encoder.layer.0.output.dense.bias', zeros('f32', [3]));
    tensors.set('encoder.layer.7.output.dense.bias', zeros('f32', [64]));
    tensors.set('embeddings.position_ids', zeros('i32', [1, 9]));
    const error = longformerFamily.load(memoryCheckpoint(checkpoint.config, tensors, 'x/y'));
    await expect(error).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message:
        '[attn/models] weights: the tensors of x/y must be those of its config.json, but ' +
        '1 is missing: embeddings.LayerNorm.bias; and ' +
        '1 has no place in the model: encoder.layer.7.output.dense.bias; and ' +
        '1 has a wrong shape: encoder.layer.0.output.dense.bias must be [64], got [3]',
    });
  });
});

describe('what is refused', () => {
  test.each([
    [{ architectures: ['LongformerForDreams'] }, 'UNSUPPORTED', 'got "LongformerForDreams"'],
    [{ num_hidden_layers: 0 }, 'MALFORMED_FILE', 'num_hidden_layers must be an integer from 1'],
    [
      { num_hidden_layers: 1e9 },
      'MALFORMED_FILE',
      'num_hidden_layers must be an integer from 1 to 10000, got 1000000000',
    ],
    [{ hidden_size: 63 }, 'MALFORMED_FILE', 'hidden_size must be a multiple of num_attention_heads'],
    [{ hidden_act: 'mish' }, 'MALFORMED_FILE', 'hidden_act must be one of gelu'],
    [{ hidden_act: 'toString' }, 'MALFORMED_FILE', 'got "toString"'],
    [{ attention_window: 5 }, 'MALFORMED_FILE', 'attention_window must be even'],
    [{ attention_window: [4] }, 'MALFORMED_FILE', 'attention_window must be a list of 3 integers'],
    [{ attention_window: null, vocab_size: '99' }, 'MALFORMED_FILE', 'vocab_size must be an integer'],
    [{ attention_dilation: 0 }, 'MALFORMED_FILE', 'attention_dilation must be an integer ≥ 1'],
    [{ attention_dilation: [[1], 1, 1] }, 'MALFORMED_FILE', 'attention_dilation must be integers'],
    [{ max_position_embeddings: 2 }, 'MALFORMED_FILE', 'max_position_embeddings must be an integer from 3'],
    [{ id2label: 7 }, 'MALFORMED_FILE', 'id2label must be an object'],
    [{ layer_norm_eps: -1 }, 'MALFORMED_FILE', 'layer_norm_eps must be a number ≥ 0'],
  ])('%o', (fields, code, message) => {
    const config: JsonObject = { ...checkpoint.config, ...fields };
    expect(() => readLongformerConfig(config)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  const ids = i32([1, 3], [0, 5, 2]);
  test.each<[string, Parameters<Longformer['call']>[0], string]>([
    ['a row of no batch', { inputIds: i32([3], [0, 5, 2]) }, 'inputIds must be [batch, length], got [3]'],
    ['fractions', { inputIds: zeros('f32', [1, 3]) }, 'inputIds must be integers, got f32'],
    [
      'an id beyond the vocabulary',
      { inputIds: i32([1, 3], [0, 99, 2]) },
      'inputIds must be integers from 0 to 98, got 99 at [0, 1]',
    ],
    ['a negative id', { inputIds: i32([1, 3], [0, 1, -1]) }, 'got -1 at [0, 2]'],
    [
      'a mask of another shape',
      { inputIds: ids, attentionMask: bool([1, 4], [1, 1, 1, 1]) },
      'attentionMask must be [1, 3], got [1, 4]',
    ],
    [
      'an unknown token type',
      { inputIds: ids, tokenTypeIds: i32([1, 3], [0, 1, 0]) },
      'tokenTypeIds must be integers from 0 to 0, got 1 at [0, 1]',
    ],
    ['too many tokens', { inputIds: i32([1, 500], new Int32Array(500).fill(5)) }, 'a row must have at most'],
  ])('%s', async (_title, batch, message) => {
    const model = await longformerFamily.load(checkpoint);
    expect(() => model.call(batch)).toThrow(message);
  });

  test('a question without three separators', async () => {
    const qa = await readGolden('longformer_question_answering');
    const model = await longformerFamily.load(qa.checkpoint);
    expect(() => model.call({ inputIds: ids })).toThrow('must have three separators (id 2), got 1 in row 0');
  });

  test('a row of padding alone needs no separators', async () => {
    const qa = await readGolden('longformer_question_answering');
    const model = await longformerFamily.load(qa.checkpoint);
    const batch = [
      [0, 5, 2, 2, 6, 2],
      [1, 1, 1, 1, 1, 1],
    ];
    const attentionMask = batch.map((row) => row.map((id) => Number(id !== 1)));
    expect(() => model.call({ inputIds: batch })).toThrow('got 0 in row 1');
    const { inputs } = model.call({ inputIds: batch, attentionMask });
    expect(inputs).toHaveProperty('attention_mask');
  });
});
