// fairseq's Linformer against its definition in plain float64, where the
// goldens do not reach: every way of sharing E and F, with every head.
import { createAttn, i32, type Attn, type Tensor, type Tensors } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../../checkpoint/memory.ts';
import { referenceOutputs } from '../../testing/goldens.testing.ts';
import { configOf, direct, SIZES, stateDict, type FairseqVariant } from './original.testing.ts';
import { linformerFamily, type Linformer } from '../index.ts';

const VARIANTS: readonly FairseqVariant[] = [
  {},
  { sharedKeyValue: true },
  { layerwise: true },
  { layerwise: true, sharedKeyValue: true },
  { normBefore: true },
  { untied: true },
];

/** Rows as long as the model, shorter, and shorter than K; with fairseq's padding, and without padding. */
const ROWS: readonly (readonly number[])[] = [
  Array.from({ length: SIZES.positions }, (_, i) => 2 + ((i * 5) % 21)),
  [0, 5, 9, 22, 7, 7, 3, 12, 4, 2],
  [0, 8, 2],
  [0, 5, 9, 22, 7, 2, 1, 1],
  [1, 1, 4, 1, 6, 2],
];

const load = (variant: FairseqVariant, architecture?: string, names: 'all' | 'first' = 'all') =>
  linformerFamily.load(memoryCheckpoint(configOf(variant), stateDict(variant, names)), { architecture });

const rowOf = (ids: readonly number[]): Tensor => i32([1, ids.length], ids);

function outputs(model: Linformer, ids: readonly number[]): Tensors {
  const { graph, inputs } = model.call({ inputIds: rowOf(ids) });
  return referenceOutputs(graph, inputs);
}

function expectClose(got: Tensor, expected: readonly number[], tolerance = 4e-6): void {
  expect(got.data.length).toBe(expected.length);
  const most = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - got.data[i])), 0);
  expect(most).toBeLessThan(tolerance);
}

describe.each(VARIANTS)('%o', (variant) => {
  const tensors = stateDict(variant, 'all');
  test.each(['all', 'first'] as const)('states, %s names of what is shared stored', async (names) => {
    const model = await load(variant, undefined, names);
    expect(model.architecture).toBe('LinformerModel');
    for (const ids of ROWS) {
      expectClose(outputs(model, ids).last_hidden_state, direct(variant, tensors, ids).states.flat());
    }
  });
  test('logits of words and of classes', async () => {
    const words = await load(variant, 'LinformerForMaskedLM', 'first');
    const classes = await load(variant, 'LinformerForSequenceClassification', 'first');
    for (const ids of ROWS) {
      const expected = direct(variant, tensors, ids);
      expectClose(outputs(words, ids).logits, expected.words.flat(), 2e-5);
      expectClose(outputs(classes, ids).logits, expected.classes);
    }
  });
});

test('old names: decoder for encoder, or nothing at all before sentence_encoder', async () => {
  const variant = { layerwise: true };
  const ids = ROWS[1];
  const expected = direct(variant, stateDict(variant, 'all'), ids).states.flat();
  for (const root of ['decoder.', '']) {
    const renamed = new Map(
      [...stateDict(variant, 'first')].map(([name, tensor]) => [name.replace(/^encoder\./, root), tensor]),
    );
    const model = await linformerFamily.load(memoryCheckpoint(configOf(variant), renamed));
    expectClose(outputs(model, ids).last_hidden_state, expected);
  }
});

test('what is shared is one constant of the graph', async () => {
  const count = async (variant: FairseqVariant): Promise<number> => {
    const { graph } = (await load(variant)).call({ inputIds: rowOf(ROWS[0]) });
    return [...graph.constants.values()].filter(({ shape }) => shape.join() === '6,18').length;
  };
  expect(await Promise.all(VARIANTS.slice(0, 4).map(count))).toEqual([4, 2, 1, 1]);
});

describe('on', () => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await createAttn({ backends: [cpu(), wasm(), onnx()] });
  });
  afterAll(() => attn.dispose());

  test.each(['cpu', 'wasm', 'onnx'])('%s', async (backend) => {
    for (const variant of [{}, { layerwise: true, normBefore: true }]) {
      const tensors = stateDict(variant, 'all');
      const model = await load(variant);
      for (const ids of ROWS) {
        const { graph, inputs } = model.call({ inputIds: rowOf(ids) });
        const { last_hidden_state: states } = await attn.run(graph, inputs, { backend });
        expectClose(states, direct(variant, tensors, ids).states.flat(), 5e-5);
      }
    }
  });
});
