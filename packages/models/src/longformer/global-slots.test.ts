// Few global tokens are computed apart. The numbers are those that projections of all tokens give.
import { i32, type Tensor } from '@attn/core';
import { evaluateReference } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { readGolden } from '../testing/goldens.testing.ts';
import { areFew, slotTables } from './global-slots.ts';
import { longformerGraph } from './graph.ts';
import { longformerFamily } from './index.ts';

const { checkpoint } = await readGolden('longformer_no_global');
const model = await longformerFamily.load(checkpoint);
const LENGTH = 24;

/** A batch of rows of ids whose global tokens and padding these are. */
function callOf(globals: readonly (readonly number[])[], padding: readonly number[] = []) {
  const mask = (marks: readonly number[]): number[] =>
    Array.from({ length: LENGTH }, (_, i) => Number(marks.includes(i)));
  const data = Int32Array.from({ length: globals.length * LENGTH }, (_, i) => 5 + ((i * 7) % 80));
  return model.call({
    inputIds: i32([globals.length, LENGTH], data),
    globalAttentionMask: globals.map(mask),
    ...(padding.length > 0 && {
      attentionMask: globals.map(() => mask(padding).map((hidden) => 1 - hidden)),
    }),
  });
}

describe('few global tokens', () => {
  test.each<[string, number[][], number[]]>([
    ['the first', [[0]], []],
    ['others in each row, and none in one', [[3, 9], [], [23]], []],
    ['with padding, of which none is global', [[0, 5, 20], [1]], [0, 20, 21, 23]],
  ])('%s', (_title, globals, padding) => {
    const { graph, inputs } = callOf(globals, padding);
    expect([...graph.inputs.keys()]).toContain('global_rows');
    const all = longformerGraph(model.config, model.weights, {
      batch: globals.length,
      length: LENGTH,
      padding: padding.length > 0,
      globals: 'input',
      tokenTypes: false,
      positions: 'input',
    });
    const { global_rows: _, result_rows: __, ...others } = inputs;
    const expected = evaluateReference(all, others).last_hidden_state.data;
    const got = evaluateReference(graph, inputs).last_hidden_state.data;
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    expect(worst).toBeLessThan(1e-9);
  });

  test('a row of nothing but padding', () => {
    const ids: Tensor = i32([2, 4], [5, 6, 7, 8, 1, 1, 1, 1]);
    const attentionMask = [
      [2, 1, 1, 1],
      [0, 0, 0, 0],
    ];
    const { graph, inputs } = model.call({ inputIds: ids, attentionMask });
    const { data } = evaluateReference(graph, inputs).last_hidden_state;
    expect(data.every(Number.isFinite)).toBe(true);
  });

  test('their number is rounded up, so that graphs are shared', () => {
    expect(callOf([[1, 2, 3]]).graph).toBe(callOf([[4, 5, 6, 7]]).graph);
    expect(callOf([[1, 2]]).graph).not.toBe(callOf([[4, 5, 6, 7]]).graph);
  });

  test('are few as long as they cost less', () => {
    const base = { ...model.config, hiddenSize: 768, heads: 12, causal: false };
    expect([1, 32].map((count) => areFew(base, 4096, count))).toEqual([true, true]);
    expect([64, 4096].map((count) => areFew(base, 4096, count))).toEqual([false, false]);
    expect(areFew({ ...base, causal: true }, 4096, 1)).toBe(false);
  });
});

test('the tables of a batch', () => {
  const data = Uint8Array.from([0, 1, 0, 0, 0, 0, 1, 1]);
  const { rows, results } = slotTables({ shape: [2, 4], data }, 2);
  expect([...rows.data]).toEqual([1, 0, 6, 7]);
  expect([...results.data]).toEqual([0, 8, 2, 3, 4, 5, 10, 11]);
});
