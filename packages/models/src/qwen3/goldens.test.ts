// Every golden of Qwen 3, with what its embedding models and rerankers make of the outputs.
import { describe, expect, test } from 'vitest';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import { referenceOutputs, type Golden } from '../testing/goldens.testing.ts';
import { qwen3Family } from './index.ts';

const cases = goldenCases('today', 'models').filter(({ id }) => id.startsWith('q3_'));
const read = (id: string): Promise<Golden> => {
  const golden = cases.find((candidate) => candidate.id === id);
  if (golden === undefined) throw new Error(`there is no golden ${id}`);
  return goldenOfCase(golden);
};

/** Outputs of the files that are made of the model's own. */
const DERIVED = ['pooled', 'embedding', 'no_yes', 'score'];

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await qwen3Family.load(golden.checkpoint);
  const names = golden.outputs.filter((name) => !DERIVED.includes(name));
  return { model, names, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

/** Small ones, which also run on webgpu by default. */
const SMALL = ['q3_sequence', 'q3_sliding'];
const others = cases.map(({ id }) => id).filter((id) => !SMALL.includes(id));
testGoldens(others, callOf, ['wasm', 'onnx'], read);
testGoldens(SMALL, callOf, ['webgpu'], read);

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
  const pooled = cases.filter(({ id }) => id === 'q3_encoder');
  test.each(pooled)('$id: its state, and that of length 1', async (golden) => {
    const whole = await goldenOfCase(golden);
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

  const scored = cases.filter(({ id }) => id.startsWith('q3_causal_lm'));
  test.each(scored)('$id: the score of a reranker', async (golden) => {
    const whole = await goldenOfCase(golden);
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
