// Ids and masks are accepted in any container; a wrong entry is refused with its value and its place.
import { bool, f32, i32, zeros, type JsonObject, type Tensor } from '@attn/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { linformerFamily, type Linformer } from '../linformer/index.ts';
import { ledFamily } from '../led/index.ts';
import { longformerFamily, type Longformer } from '../longformer/index.ts';
import type { Model, TokenBatch } from '../model.ts';
import type { EncoderDecoder } from '../seq2seq/model.ts';
import { reformerFamily, type Reformer } from '../reformer/index.ts';
import type { Integers, Mask } from './entries.ts';

let model: Longformer;
let led: EncoderDecoder;
let bucketed: Reformer;
let projected: Linformer;
let vectors: Linformer;
beforeAll(async () => {
  const goldens = [
    'longformer_no_global',
    'led_encoder',
    'reformer_encoder',
    'linformer_lm',
    'linformer_encoder',
  ];
  const [a, b, c, d, e] = await Promise.all(goldens.map(readGolden));
  model = await longformerFamily.load(a.checkpoint);
  led = await ledFamily.load(b.checkpoint, { architecture: 'LEDEncoder' });
  bucketed = await reformerFamily.load(c.checkpoint);
  projected = await linformerFamily.load(d.checkpoint, { architecture: 'Linformer' });
  vectors = await linformerFamily.load(e.checkpoint);
});

/** Any value, as plain JavaScript may pass it. */
const untyped = (value: unknown): never => value as never;
const IDS = [0, 5, 6, 2];

describe('ids', () => {
  test.each<[string, Integers]>([
    ['lists of rows', [IDS]],
    ['bigints', [[0n, 5n, 6n, 2n]]],
    ['rows of 8 bits', [Int8Array.from(IDS)]],
    ['rows of 8 bits, unsigned', [Uint8Array.from(IDS)]],
    ['rows of 8 bits, clamped', [Uint8ClampedArray.from(IDS)]],
    ['rows of 16 bits', [Int16Array.from(IDS)]],
    ['rows of 16 bits, unsigned', [Uint16Array.from(IDS)]],
    ['rows of 32 bits', [Int32Array.from(IDS)]],
    ['rows of 32 bits, unsigned', [Uint32Array.from(IDS)]],
    ['rows of 64 bits', [BigInt64Array.from(IDS.map(BigInt))]],
    ['rows of 64 bits, unsigned', [BigUint64Array.from(IDS.map(BigInt))]],
    ['a tensor', i32([1, 4], IDS)],
    ['a tensor of u8', { dtype: 'u8', shape: [1, 4], data: Uint8Array.from(IDS) }],
    [
      'a view of a tensor',
      { dtype: 'i32', shape: [1, 4], strides: [8, 2], data: Int32Array.of(0, 9, 5, 9, 6, 9, 2) },
    ],
    ['a tensor of ONNX Runtime', { dims: [1, 4], data: BigInt64Array.from(IDS.map(BigInt)) }],
  ])('in %s', (_title, inputIds) => {
    expect(model.call({ inputIds }).inputs.input_ids).toEqual(i32([1, 4], IDS));
  });
  test('in rows of several', () => {
    const { inputs } = model.call({
      inputIds: [IDS, Int16Array.from(IDS)],
      tokenTypeIds: [
        [0n, 0n, 0n, 0n],
        [0, 0, 0, 0],
      ],
    });
    expect(inputs.input_ids).toEqual(i32([2, 4], [...IDS, ...IDS]));
    expect(inputs.token_type_ids).toEqual(zeros('i32', [2, 4]));
  });

  test.each<[string, unknown, string, string]>([
    ['NaN', [[0, NaN, 2]], 'INVALID_ARGUMENT', 'inputIds must be integers from 0 to 98, got NaN at [0, 1]'],
    [
      'fractions',
      [
        [0, 5, 2],
        [0, 1.5, 2],
      ],
      'INVALID_ARGUMENT',
      'got 1.5 at [1, 1]',
    ],
    ['strings', [['0', 5]], 'INVALID_ARGUMENT', 'got "0" at [0, 0]'],
    ['holes', [[0, , 2]], 'INVALID_ARGUMENT', 'got undefined at [0, 1]'], // oxlint-disable-line no-sparse-arrays -- it is what is tested
    ['bigints without end', [[0, 2n ** 70n]], 'INVALID_ARGUMENT', 'got 1180591620717411303424n at [0, 1]'],
    [
      'what wraps around',
      { dtype: 'u32', shape: [1, 2], data: Uint32Array.of(0, 2 ** 32 - 1) },
      'INVALID_ARGUMENT',
      'got 4294967295 at [0, 1]',
    ],
    [
      'floats',
      [Float32Array.of(0, 5)],
      'INVALID_ARGUMENT',
      'inputIds must be integers, got a Float32Array [0, 5]',
    ],
    ['a tensor of floats', zeros('f32', [1, 2]), 'INVALID_DTYPE', 'inputIds must be integers, got f32'],
    [
      'rows of different lengths',
      [
        [0, 5, 2],
        [0, 2],
      ],
      'INVALID_SHAPE',
      'rows of one length, got [3] in row 0 and [2] in row 1',
    ],
    [
      'one row without a batch',
      IDS,
      'INVALID_SHAPE',
      'must be [batch, length], got [4], the shape of [0, 5, 6, 2]: a batch of one row is a list of one list',
    ],
    ['rows of no tokens', [[]], 'INVALID_SHAPE', 'must have at least one token a row, got [1, 0]'],
    [
      'a tensor of no tokens',
      zeros('i32', [2, 0]),
      'INVALID_SHAPE',
      'must have at least one token a row, got [2, 0]',
    ],
    ['nothing', [], 'INVALID_SHAPE', 'must be [batch, length], got [0]'],
    ['a text', 'ab', 'INVALID_ARGUMENT', 'in lists of rows, got "ab"'],
    [
      'a tensor that is too short',
      { dims: [1, 4], data: [0, 5] },
      'INVALID_SHAPE',
      'as its dims [1, 4] say, got [0, 5]',
    ],
  ])('that are %s are refused', (_title, inputIds, code, message) => {
    const error = expect.objectContaining({ code, message: expect.stringContaining(message) });
    expect(() => model.call({ inputIds: untyped(inputIds) })).toThrow(error);
  });
  test('that hold themselves are refused', () => {
    const list: unknown[] = [];
    list.push(list);
    expect(() => model.call({ inputIds: untyped(list) })).toThrow(
      'inputIds must be integers in a tensor or in lists',
    );
  });
  test('of token types where there are none are refused', () => {
    expect(() => led.call({ inputIds: [IDS], tokenTypeIds: [[0, 0, 0, 0]] })).toThrow(
      'LEDEncoder has no tokenTypeIds, got [[0',
    );
  });
});

describe('an attention mask', () => {
  const callOf = (mask: Mask, more: Partial<TokenBatch> = {}) =>
    model.call({ inputIds: [IDS], attentionMask: mask, ...more }).inputs;
  test.each<[string, Mask]>([
    ['integers', [[1, 1, 1, 0]]],
    ['bigints', [BigInt64Array.of(1n, 1n, 1n, 0n)]],
    ['booleans', [[true, true, true, false]]],
    ['f32', f32([1, 4], [1, 1, 1, 0])],
    ['f16', { dtype: 'f16', shape: [1, 4], data: Uint16Array.of(0x3c00, 0x3c00, 0x3c00, 0) }],
    ['bool', bool([1, 4], [1, 1, 1, 0])],
  ])('of %s', (_title, mask) => {
    expect(callOf(mask).attention_mask).toEqual(bool([1, 4], [1, 1, 1, 0]));
  });
  test('of 2 makes tokens global, beside the global mask', () => {
    expect(callOf([[2, 1, 1, 0]])).toMatchObject({
      attention_mask: bool([1, 4], [1, 1, 1, 0]),
      global_attention_mask: bool([1, 4], [1, 0, 0, 0]),
    });
    // Padding beats both.
    expect(callOf([[2, 1, 1, 0]], { globalAttentionMask: [[1, 0, 1, 1]] }).global_attention_mask).toEqual(
      bool([1, 4], [1, 0, 1, 0]),
    );
  });
  test('of 2 does what the global mask does', () => {
    const outputs = (batch: TokenBatch) => {
      const { graph, inputs } = model.call(batch);
      return referenceOutputs(graph, inputs).last_hidden_state.data;
    };
    const inputIds = [Array.from({ length: 20 }, (_, i) => (i * 7) % 90)];
    const ones = [new Uint8Array(20).fill(1)];
    const globals = [Uint8Array.from({ length: 20 }, (_, i) => Number(i === 1 || i === 4))];
    const twos = [globals[0].map((global) => global + 1)];
    expect(outputs({ inputIds, attentionMask: twos })).toEqual(
      outputs({ inputIds, attentionMask: ones, globalAttentionMask: globals }),
    );
    const local = outputs({ inputIds, attentionMask: ones });
    const far = outputs({ inputIds, attentionMask: twos }).map((value, i) => Math.abs(value - local[i]));
    expect(Math.max(...far)).toBeGreaterThan(0.1);
  });

  const LONGFORMER = '0 (padding), 1 (a token) or 2 (a global token)';
  const ADDITIVE = 'this looks like an additive mask';
  test.each<[string, unknown, string]>([
    [
      '−10000',
      [[0, 0, 0, -10_000]],
      `attentionMask must be ${LONGFORMER}, got -10000 at [0, 3]: ${ADDITIVE}`,
    ],
    [
      'finfo.min',
      f32([1, 4], [0, 0, -3.4028234663852886e38, 0]),
      `got -3.4028234663852886e+38 at [0, 2]: ${ADDITIVE}`,
    ],
    ['−∞', [[0, 0, -Infinity, 0]], `got -Infinity at [0, 2]: ${ADDITIVE}`],
    ['−1', [[1, 1, -1, 0]], 'got -1 at [0, 2]'],
    ['NaN', f32([1, 4], [1, NaN, 1, 1]), 'got NaN at [0, 1]'],
    ['a half', [[1, 1, 0.5, 0]], 'got 0.5 at [0, 2]'],
    ['3', [[1, 3, 1, 1]], 'got 3 at [0, 1]'],
    ['a text', [['1', 1, 1, 1]], 'got "1" at [0, 0]'],
    ['null', null, 'got null'],
    ['a symbol', [[Symbol('s'), 1, 1, 1]], 'got Symbol(s) at [0, 0]'],
  ])('that holds %s is refused', (_title, mask, message) => {
    expect(() => callOf(untyped(mask))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });
  test('of 2 or less than 0 is refused in the global mask', () => {
    expect(() => callOf([[1, 1, 1, 1]], { globalAttentionMask: [[0, 2, 0, 0]] })).toThrow(
      'globalAttentionMask must be 0 (local) or 1 (global), got 2 at [0, 1]',
    );
  });
  test.each<[string, () => Model, object]>([
    ['ReformerModel', () => bucketed, { inputIds: [[5, 6]] }],
    ['Linformer', () => projected, { inputIds: [[5, 6]] }],
  ])('of 2 is refused where there are no global tokens: %s', (name, of, batch) => {
    const call = (attentionMask: Mask) => of().call({ ...(batch as TokenBatch), attentionMask });
    expect(() => call([[1, 2]])).toThrow(
      `attentionMask must be 0 (padding) or 1 (a token; ${name} has no global ones), got 2 at [0, 1]`,
    );
    expect(() => call([[0, -10_000]])).toThrow(ADDITIVE);
    expect(call([[1n, 0n]]).inputs.attention_mask.data.slice(0, 2)).toEqual(Uint8Array.of(1, 0));
  });
  test('of 2 is refused beside vectors', () => {
    const inputsEmbeds: Tensor = zeros('f32', [1, 2, 32]);
    expect(() => vectors.callVectors({ inputsEmbeds, attentionMask: [[1, 2]] })).toThrow('got 2 at [0, 1]');
    expect(() => vectors.callVectors({ inputsEmbeds: zeros('f32', [1, 0, 32]) })).toThrow(
      'at least one vector a row',
    );
  });
});

describe('names', () => {
  test.each<[object, string]>([
    [
      { inputIds: [IDS], attention_mask: [[1, 1, 1, 1]] },
      'there is no option "attention_mask"; did you mean attentionMask?',
    ],
    [{ input_ids: [IDS] }, 'there is no option "input_ids"; did you mean inputIds?'],
    [{ inputIds: [IDS], position_ids: [IDS] }, 'there is no option "position_ids"'],
    [{}, 'the batch must have inputIds, got {}'],
  ])('%j', (batch, message) => {
    for (const each of [model, bucketed, projected]) expect(() => each.call(untyped(batch))).toThrow(message);
  });
  test('of options of a call', () => {
    expect(() => model.call({ inputIds: [IDS] }, untyped({ hidden_states: true }))).toThrow(
      'did you mean hiddenStates?',
    );
    expect(() => bucketed.call({ inputIds: [[5]] }, untyped({ sead: 1 }))).toThrow('did you mean seed?');
    expect(() => model.fixedGraph(untyped({ batch: 1, length: 8, global_tokens: [0] }))).toThrow(
      'did you mean globalTokens?',
    );
  });
  test('of a config are those of the original, so that more of them are no fault', async () => {
    const { checkpoint } = await readGolden('longformer_no_global');
    const config: JsonObject = { ...checkpoint.config, attention_windows: 4 };
    await expect(longformerFamily.load({ ...checkpoint, config })).resolves.toBeDefined();
  });
});

test('a fixed graph is made for lengths and positions that there are', () => {
  expect(() => model.fixedGraph({ batch: 0, length: 4 })).toThrow('batch must be a positive integer, got 0');
  expect(() => model.fixedGraph(untyped({ batch: 1 }))).toThrow(
    'length must be a positive integer, got undefined',
  );
  expect(() => model.fixedGraph({ batch: 1, length: 4, globalTokens: [0, 4] })).toThrow(
    'globalTokens must be integers from 0 to 3, got 4 at [1]',
  );
});
