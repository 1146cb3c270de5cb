// What the small cases of the suite do not reach: several steps of a scan, chunks cut into blocks, and groups
// with one unbounded head.
import { f32, GraphBuilder, buildLsh, type Graph } from '@attn/core';
import { type LshAttentionAttributes } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { greatestError, numbers, runnerOf } from '../runner.testing.ts';

const DIM = 4;

/** A graph that hashes, sorts and attends. */
function graphOf(shape: readonly number[], attributes: Partial<LshAttentionAttributes>): Graph {
  const builder = new GraphBuilder();
  const [q, v] = ['q', 'v'].map((name) => builder.input(name, { dtype: 'f32', shape }));
  const options = { rounds: 2, chunkLength: 8, bucketCount: 8, returnLse: true, ...attributes };
  const { out, lse } = buildLsh(builder, { q, v }, options);
  return builder.build({ out, ...(lse && { lse }) });
}

describe.each([
  { n: 72, chunkLength: 8, stepLogits: 500 },
  { n: 75, chunkLength: 8, stepLogits: 500 },
  { n: 75, chunkLength: 24, stepLogits: 500 },
  { n: 51, chunkLength: 50, stepLogits: 700 },
])('%o', ({ n, chunkLength, stepLogits }) => {
  test.each<Partial<LshAttentionAttributes>>([
    { wrap: true },
    { wrap: true, causal: true },
    { wrap: false },
    { wrap: false, withinBuckets: true, duplicates: 'once' },
    { wrap: true, duplicates: 'lucidrains' },
  ])('%o', async (options) => {
    const shape = [1, 2, n, DIM];
    const graph = graphOf(shape, { chunkLength, ...options });
    const run = await runnerOf(graph, { stepLogits });
    for (const size of [1, 300]) {
      const inputs = { q: numbers(shape, 1, size), v: numbers(shape, 2, 1) };
      const results = await run(inputs);
      const expected = evaluateReference(graph, inputs);
      for (const name of ['out', 'lse'] as const) {
        expect(greatestError(results[name], expected[name].data)).toBeLessThan(size * 4e-6);
      }
    }
  });
});

test('a head with large numbers, infinities or NaN changes no bit of another head', async () => {
  const [n, heads] = [60, 3];
  const shape = [1, heads, n, DIM];
  const run = await runnerOf(graphOf(shape, {}), {});
  const inputs = { q: numbers(shape, 1, 1), v: numbers(shape, 2, 1) };
  const clean = await run(inputs);
  for (const poison of [NaN, Infinity, 1e6]) {
    const qk = inputs.q.data.slice().fill(poison, (n + 2) * DIM, (n + 3) * DIM);
    const poisoned = await run({ ...inputs, q: f32(shape, qk) });
    for (const [name, size] of [
      ['out', n * DIM],
      ['lse', n],
    ] as const) {
      for (const head of [0, 2]) {
        const ofHead = (data: Float32Array): Float32Array => data.slice(head * size, (head + 1) * size);
        expect(ofHead(poisoned[name])).toEqual(ofHead(clean[name]));
      }
      expect(poisoned[name]).not.toEqual(clean[name]);
    }
  }
});
