// Key masks that come with a run: those that hide little multiply the weights of the plan of all keys.
import {
  bool,
  causal,
  f32,
  full,
  GraphBuilder,
  or,
  globalTokens,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
} from '@attn/core';
import { evaluateReference } from '@attn/core/reference';
import { expect, test, describe } from 'vitest';
import { greatestError, numbers, runnerOf } from '../runner.testing.ts';
import { hidesFewKeys } from './key-mask.ts';

const [BATCH, N, DIM] = [2, 140, 4];

function callOf(pattern: Pattern): [Graph, Record<string, Tensor<'f32'>>] {
  const builder = new GraphBuilder();
  const tensors = {
    q: numbers([BATCH, 2, N, DIM], 1, 1),
    k: numbers([BATCH, 1, N, DIM], 2, 1),
    v: numbers([BATCH, 1, N, DIM], 3, 1),
  };
  const operand = (name: keyof typeof tensors) =>
    builder.input(name, { dtype: 'f32', shape: tensors[name].shape });
  const keyMask = builder.input('keyMask', { dtype: 'bool', shape: [BATCH, N] });
  const { out, lse } = builder.attention(
    { q: operand('q'), k: operand('k'), v: operand('v'), keyMask },
    { pattern, returnLse: true },
  );
  return [builder.build({ out, ...(lse && { lse }) }), tensors];
}

const maskOf = (isVisible: (row: number, key: number) => boolean): Tensor<'bool'> =>
  bool(
    [BATCH, N],
    Uint8Array.from({ length: BATCH * N }, (_, i) => (isVisible(Math.floor(i / N), i % N) ? 1 : 0)),
  );

const MASKS: Readonly<Record<string, [mask: Tensor<'bool'>, hidesFew: boolean]>> = {
  'hides nothing': [maskOf(() => true), true],
  'hides every seventh key of one row': [maskOf((row, key) => row === 0 || key % 7 !== 3), true],
  'hides all that some queries see': [maskOf((_, key) => key < 30 || key > 60), true],
  'hides most keys': [maskOf((_, key) => key % 3 === 0), false],
  'hides a tile': [maskOf((row, key) => row === 0 || key >= 64), false],
  'hides everything': [maskOf(() => false), false],
};

test.each(Object.entries(MASKS))('a mask that %s', (_, [mask, hidesFew]) => {
  expect(hidesFewKeys(mask)).toBe(hidesFew);
});

describe.each<[what: string, pattern: Pattern]>([
  ['window', slidingWindow({ before: 10, after: 10 })],
  ['causal', causal()],
  ['full', full()],
  ['global tokens', or(slidingWindow({ before: 3, after: 3 }), globalTokens([0, 77]))],
])('%s', (_, pattern) => {
  test('one model serves all masks, and hidden keys have no influence', async () => {
    const [graph, tensors] = callOf(pattern);
    const run = await runnerOf(graph, {});
    for (const [keyMask] of Object.values(MASKS)) {
      const inputs = { ...tensors, keyMask };
      const expected = evaluateReference(graph, inputs);
      const poisoned = f32(
        tensors.k.shape,
        tensors.k.data.map((x, i) => (keyMask.data[Math.floor(i / DIM)] === 0 ? NaN : x)),
      );
      for (const k of [tensors.k, poisoned]) {
        const results = await run({ ...inputs, k });
        for (const name of ['out', 'lse']) {
          expect(greatestError(results[name], expected[name].data)).toBeLessThan(1e-5);
        }
      }
    }
  });
});
