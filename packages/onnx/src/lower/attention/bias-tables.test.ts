// Biases in pieces of all sizes: keys in order and out of order, rows that are cut with and without a rest.
import {
  causal,
  full,
  globalTokens,
  GraphBuilder,
  or,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
} from '@attn/core';
import { evaluateReference } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { greatestError, numbers, runnerOf } from '../runner.testing.ts';

const [BATCH, HEADS, DIM] = [2, 2, 4];

type Biases = Partial<Record<'bias' | 'alibiSlopes' | 'relativeBias', readonly number[]>>;

function callOf(
  queries: number,
  keys: number,
  pattern: Pattern,
  biases: Biases,
): [Graph, Record<string, Tensor>] {
  const shapes = {
    q: [BATCH, HEADS, queries, DIM],
    k: [BATCH, 1, keys, DIM],
    v: [BATCH, 1, keys, DIM],
    ...biases,
  };
  const builder = new GraphBuilder();
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], index) => [name, numbers(shape, index + 1, 1)]),
  );
  const input = (name: keyof typeof shapes) => {
    const shape = shapes[name];
    return shape && builder.input(name, { dtype: 'f32', shape });
  };
  const operand = (name: 'q' | 'k' | 'v') => builder.input(name, { dtype: 'f32', shape: shapes[name] });
  const { out, lse } = builder.attention(
    {
      q: operand('q'),
      k: operand('k'),
      v: operand('v'),
      bias: input('bias'),
      alibiSlopes: input('alibiSlopes'),
      relativeBias: input('relativeBias'),
    },
    { pattern, returnLse: true, queryOffset: keys - queries },
  );
  return [builder.build({ out, ...(lse && { lse }) }), tensors];
}

const window = slidingWindow({ before: 20, after: 9 });

describe.each<[what: string, queries: number, keys: number, pattern: Pattern]>([
  ['whole tiles', 128, 128, window],
  ['a last tile of 2 keys', 130, 130, window],
  ['an odd number of keys', 131, 131, window],
  ['every third key', 192, 192, slidingWindow({ before: 20, after: 20, dilation: 3 })],
  ['global tokens behind all others', 192, 192, or(window, globalTokens([0, 101]))],
  ['later queries', 70, 192, causal()],
  ['all pairs', 70, 130, full()],
])('%s', (_, queries, keys, pattern) => {
  test.each<Biases>([
    { bias: [BATCH, HEADS, queries, keys] },
    { bias: [1, keys] },
    { bias: [BATCH, 1, queries, keys] },
    { bias: [queries, 1] },
    { alibiSlopes: [HEADS] },
    { relativeBias: [HEADS, 2 * 5 + 1] },
    { relativeBias: [HEADS, 2 * 500 + 1] },
    { relativeBias: [HEADS, 1], alibiSlopes: [BATCH, HEADS], bias: [queries, keys] },
  ])('%o', async (biases) => {
    const [graph, tensors] = callOf(queries, keys, pattern, biases);
    const results = await (await runnerOf(graph, {}))(tensors);
    const expected = evaluateReference(graph, tensors);
    for (const name of ['out', 'lse']) {
      expect(greatestError(results[name], expected[name].data)).toBeLessThan(2e-5);
    }
  });
});
