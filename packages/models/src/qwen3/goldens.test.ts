// Every golden of Qwen 3, with what its embedding models and rerankers make of the outputs.
import { describe, expect, test } from 'vitest';
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import { referenceOutputs, type Golden } from '../testing/goldens.testing.ts';
import { qwen3Family } from './index.ts';

const cases = casesByName(goldenCases('today', 'models').filter(({ id }) => id.startsWith('q3_')));
const reader = readerOf(cases);

/** Outputs of the files that are made of the model's own. */
const DERIVED = ['pooled', 'embedding', 'no_yes', 'score'];

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await qwen3Family.load(golden.checkpoint);
  const names = golden.outputs.filter((name) => !DERIVED.includes(name));
  return { model, names, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

/** Small ones, which also run on webgpu by default. */
const SMALL = ['q3_sequence', 'q3_sliding'];
const others = [...cases.keys()].filter((id) => !SMALL.includes(id));
testGoldens(others, callOf, ['wasm', 'onnx'], reader);
testGoldens(SMALL, callOf, ['webgpu'], reader);

/** The output of a golden, and for each row of its batch the last place that is not padding. */
async function rowsOf(golden: Golden): Promise<{ row(i: number): Float64Array; readonly rows: number }> {
  const { model, graph, inputs } = await callOf(golden);
  const [name] = model.outputs;
  const { data, shape } = referenceOutputs(graph, inputs)[name];
  const [rows, length, width] = shape;
  const mask = golden.batch.attentionMask?.data;
  const row = (i: number): Float64Array => {
    const places = Array.from({ length }, (_, n) => n).filter((n) => mask?.[i * length + n] !== 0);
    const at = (i * length + (places.at(-1) ?? 0)) * width;
    return Float64Array.from(data.slice(at, at + width));
  };
  return { row, rows };
}

const near = (got: number, expected: number | undefined, atol: number): void =>
  expect(Math.abs(got - Number(expected))).toBeLessThanOrEqual(atol + 1e-7);

describe('the last token of each row, whichever side the padding is on', () => {
  const pooled = [...cases.keys()].filter((id) => id === 'q3_encoder');
  test.each(pooled)('%s: its state, and that of length 1', async (id) => {
    const whole = await reader(id);
    const { tensors, atol } = whole;
    const { row, rows } = await rowsOf(whole);
    expect(rows).toBe(3);
    for (let i = 0; i < rows; i++) {
      const state = row(i);
      const norm = Math.hypot(...state);
      for (const [c, value] of state.entries()) {
        near(value, tensors.get('out.pooled')?.data[i * state.length + c] as number, atol);
        near(value / norm, tensors.get('out.embedding')?.data[i * state.length + c] as number, atol);
      }
    }
  });

  const scored = [...cases].filter(([id]) => id.startsWith('q3_causal_lm'));
  test.each(scored)('%s: the score of a reranker', async (id, golden) => {
    const whole = await reader(id);
    const { no, yes } = (golden as unknown as { readonly token_ids: { no: number; yes: number } }).token_ids;
    const { row, rows } = await rowsOf(whole);
    for (let i = 0; i < rows; i++) {
      const logits = row(i);
      near(logits[no], whole.tensors.get('out.no_yes')?.data[2 * i] as number, whole.atol);
      near(logits[yes], whole.tensors.get('out.no_yes')?.data[2 * i + 1] as number, whole.atol);
      const score = 1 / (1 + Math.exp(logits[no] - logits[yes]));
      near(score, whole.tensors.get('out.score')?.data[i] as number, whole.atol);
    }
  });
});
