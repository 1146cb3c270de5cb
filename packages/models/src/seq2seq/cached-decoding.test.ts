// Decoding token by token, with a cache, gives the logits that the decoder gives when it sees all its tokens.
import { createAttn, i32, type Attn, type State, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { ledFamily } from '../led/index.ts';
import type { CachedDecoding, DecoderRules, EncodedTexts, TokenBatch } from '../model.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import type { EncoderDecoder } from './model.ts';

const led = await goldenCalled('heads', 'led', 'led_generation');
const bart = await goldenCalled('heads', 'bart', 'bart_untied');
const [ledModel, bartModel] = [await ledFamily.load(led.checkpoint), await bartFamily.load(bart.checkpoint)];

function cachedOf({ generation }: EncoderDecoder): CachedDecoding & Pick<DecoderRules, 'encode'> {
  const { decoder, cached } = generation ?? expect.fail('the model does not generate');
  if (decoder === undefined || cached === undefined) return expect.fail('it has no decoder');
  return { ...cached, encode: decoder.encode };
}

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx(), webgpu()] });
});
afterAll(() => attn.dispose());

const BACKENDS = process.env.ATTN_SUITE === 'whole' ? ['cpu', 'wasm', 'onnx', 'webgpu'] : ['cpu', 'wasm'];

/** Steps over one state. */
class Steps {
  readonly cached: CachedDecoding;
  readonly texts: EncodedTexts;
  readonly state: State;
  capacity: number;
  position = 0;

  private constructor(cached: CachedDecoding, texts: EncodedTexts, state: State, capacity: number) {
    this.cached = cached;
    this.texts = texts;
    this.state = state;
    this.capacity = capacity;
  }

  static async begin(
    model: EncoderDecoder,
    batch: TokenBatch,
    { rows, capacity, backend }: { rows: number; capacity: number; backend: string },
  ): Promise<Steps> {
    const cached = cachedOf(model);
    const { graph, inputs, texts } = cached.encode(batch);
    const state = await attn.createState(cached.step({ texts, rows, capacity }), { backend });
    await attn.run(graph, inputs, { state });
    return new Steps(cached, texts, state, capacity);
  }

  async add(tokens: readonly number[]): Promise<Tensor> {
    const rows = tokens.length;
    const shape = { texts: this.texts, rows, capacity: this.capacity };
    const inputs = this.cached.inputs(shape, { ids: i32([rows, 1], tokens), position: this.position++ });
    return (await attn.run(this.cached.step(shape), inputs, { state: this.state })).logits;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.state.dispose();
  }

  async grow(capacity: number): Promise<void> {
    for (const name of this.cached.rowStates)
      await this.state.resize(name, this.state.specs[name].shape.with(2, capacity));
    this.capacity = capacity;
  }
}

/** The numbers of rows of logits behind token `at`, of logits [rows, T, vocabulary]. */
function logitsAt({ shape: [rows, length, words], data }: Tensor, at: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const begin = (row * length + at) * words;
    return Array.from(data.subarray(begin, begin + words), Number);
  }).flat();
}

function expectNear(actual: Tensor, expected: readonly number[]): void {
  expect(actual.data.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - Number(actual.data[i]))));
  expect(worst).toBeLessThan(2e-5);
}

const TEXTS: TokenBatch = {
  inputIds: led.batch.inputIds,
  attentionMask: led.batch.attentionMask,
  globalAttentionMask: led.batch.globalAttentionMask,
};

describe.each(BACKENDS)('on %s', (backend) => {
  test('the logits of the original, of a BART', async () => {
    const { decoderInputIds, ...texts } = bart.batch;
    const ids = Array.from(decoderInputIds?.data ?? [], Number);
    await using steps = await Steps.begin(bartModel, texts, { rows: 1, capacity: ids.length, backend });
    const expected = bart.tensors.get('out.logits') ?? expect.fail('no logits');
    for (const [at, id] of ids.entries()) expectNear(await steps.add([id]), logitsAt(expected, at));
  });

  test('two padded texts of an LED with two rows each, and a capacity that grows', async () => {
    const rows = [
      [2, 5, 9, 12, 7],
      [2, 6, 6, 4, 20],
      [2, 8, 11, 19, 3],
      [2, 4, 17, 5, 10],
    ];
    const twice = ({ shape: [count, length], data }: Tensor): number[][] =>
      Array.from({ length: 2 * count }, (_, row) => {
        const text = Math.floor(row / 2);
        return Array.from(data.subarray(text * length, (text + 1) * length), Number);
      });
    const { graph, inputs } = ledModel.call({
      inputIds: twice(led.batch.inputIds),
      attentionMask: led.batch.attentionMask && twice(led.batch.attentionMask),
      globalAttentionMask: led.batch.globalAttentionMask && twice(led.batch.globalAttentionMask),
      decoderInputIds: rows,
    });
    const { logits } = await attn.run(graph, inputs, { backend });
    await using steps = await Steps.begin(ledModel, TEXTS, { rows: 4, capacity: 2, backend });
    for (const at of [0, 1, 2, 3, 4]) {
      if (at === steps.capacity) await steps.grow(2 * at);
      expectNear(await steps.add(rows.map((row) => row[at])), logitsAt(logits, at));
    }
  });

  test('the best logits of a step, and the sum of all shares', async () => {
    await using steps = await Steps.begin(ledModel, TEXTS, { rows: 2, capacity: 2, backend });
    const all = await steps.add([5, 9]);
    const shape = { texts: steps.texts, rows: 2, capacity: 2, best: { count: 4, sums: true } };
    const graph = steps.cached.step(shape);
    const inputs = steps.cached.inputs(shape, { ids: [[5], [9]], position: 0 });
    const { logits, ids, sums } = await attn.run(graph, inputs, { state: steps.state });
    expect([logits.shape, ids.shape, ids.dtype, sums.shape]).toEqual([[2, 4], [2, 4], 'i32', [2]]);
    const words = ledModel.vocabSize;
    for (const row of [0, 1]) {
      const own = Array.from(all.data.subarray(row * words, (row + 1) * words), Number);
      const order = own.map((_, id) => id).toSorted((a, b) => own[b] - own[a]);
      expect([...ids.data.subarray(4 * row, 4 * row + 4)]).toEqual(order.slice(0, 4));
      const best = order.slice(0, 4).map((id) => own[id]);
      for (const [i, logit] of best.entries()) expect(logits.data[4 * row + i]).toBeCloseTo(logit, 5);
      expect(sums.data[row]).toBeCloseTo(
        own.reduce((sum, logit) => sum + Math.exp(logit - best[0]), 0),
        4,
      );
    }
  });

  test('rows that follow other rows go on with what those have seen', async () => {
    const { rowStates } = cachedOf(ledModel);
    const text = { inputIds: [[0, 5, 9, 11, 2]], globalAttentionMask: [[1, 0, 0, 0, 0]] };
    await using steps = await Steps.begin(ledModel, text, { rows: 3, capacity: 4, backend });
    await steps.add([2, 2, 2]);
    await steps.add([7, 8, 9]);
    await steps.state.reorder([2, 2, 0], rowStates);
    const actual = await steps.add([4, 5, 6]);
    const rows = [
      [2, 9, 4],
      [2, 9, 5],
      [2, 7, 6],
    ];
    const { graph, inputs } = ledModel.call({
      inputIds: rows.map(() => text.inputIds[0]),
      globalAttentionMask: rows.map(() => text.globalAttentionMask[0]),
      decoderInputIds: rows,
    });
    expectNear(actual, logitsAt((await attn.run(graph, inputs, { backend })).logits, 2));
  });
});

test('all steps share one graph, whose attention to the texts reads the keys of a text once', () => {
  const { encode, step } = cachedOf(ledModel);
  const { texts } = encode(TEXTS);
  expect(texts).toEqual({ count: 2, length: 17, padding: true });
  const graph = step({ texts, rows: 8, capacity: 4 });
  expect(step({ rows: 8, capacity: 4, texts: { ...texts } })).toBe(graph);
  const keys = graph.nodes
    .filter(({ op }) => op === 'attention')
    .map(({ inputs }) => graph.values[inputs.k].shape);
  expect(keys).toEqual([
    [8, 2, 4, 4],
    [2, 2, 17, 4],
  ]);
});

test('several tokens of a row, some of which do not count, give the logits of the last that does', async () => {
  const { encode, step, inputs } = cachedOf(ledModel);
  const { graph, inputs: encoding, texts } = encode(TEXTS);
  const shape = { texts, rows: 2, length: 4, capacity: 8 };
  const rows = [
    [2, 5, 9, 12, 7, 11],
    [2, 6, 6, 4, 20, 3],
  ];
  await using state = await attn.createState(step(shape), { backend: 'cpu' });
  await attn.run(graph, encoding, { state });
  const piece = (from: number, count: number) =>
    inputs(shape, {
      ids: rows.map((row) => [...row.slice(from, from + count), 7, 7, 7].slice(0, 4)),
      position: from,
      count,
    });
  const teacher = ledModel.call({ ...TEXTS, decoderInputIds: rows });
  const { logits } = await attn.run(teacher.graph, teacher.inputs, { backend: 'cpu' });
  for (const [from, count] of [
    [0, 3],
    [3, 1],
    [4, 2],
  ]) {
    const { logits: own } = await attn.run(step(shape), piece(from, count), { state });
    expectNear(own, logitsAt(logits, from + count - 1));
  }
});

test('impossible steps are refused', () => {
  const { encode, step, inputs } = cachedOf(ledModel);
  const { texts } = encode(TEXTS);
  expect(() => step({ texts, rows: 3, capacity: 4 })).toThrow(
    'rows must be a multiple of the 2 texts, got 3',
  );
  expect(() => step({ texts, rows: 2, length: 5, capacity: 4 })).toThrow(
    'capacity must be at least the length 5, got 4',
  );
  const small = { texts, rows: 2, capacity: 4 };
  expect(() => step({ ...small, best: { count: 1000, sums: false } })).toThrow(
    `count of best must be at most ${ledModel.vocabSize}, got 1000`,
  );
  expect(() => step({ ...small, best: { count: 0, sums: false } })).toThrow(
    'count must be a positive integer, got 0',
  );
  expect(() => step({ rows: 2, capacity: 4 })).toThrow('texts must be');
  expect(() => step({ ...small, padding: true })).toThrow(
    'padding must be absent, because all prompts are equally long, got true',
  );
  const shape = { texts, rows: 2, length: 2, capacity: 40 };
  const ids = [
    [2, 5],
    [2, 6],
  ];
  expect(() => inputs(shape, { ids, position: 19 })).toThrow(
    'position and count must be at most 20 together, got 21',
  );
  expect(() => inputs(shape, { ids, position: 19, count: 1 })).not.toThrow();
  expect(() => inputs({ ...shape, capacity: 20 }, { ids, position: 19, count: 1 })).toThrow(
    'position and length must be at most 20 together, got 21',
  );
  expect(() => inputs(shape, { ids, position: 0, count: 3 })).toThrow(
    'count must be at most the length 2, got 3',
  );
  expect(() => inputs(shape, { ids: [[2, 23]], position: 0 })).toThrow('ids must be');
  expect(() => encode({ ...TEXTS, decoderInputIds: [[2], [2]] })).toThrow('has no decoderInputIds');
  expect(() =>
    cachedOf(bartModel).encode({ inputIds: [[0, 5, 2]], globalAttentionMask: [[1, 0, 0]] }),
  ).toThrow('has no globalAttentionMask');
});
