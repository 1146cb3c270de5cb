// What the small cases of the suite do not reach: several steps of a scan, chunks cut into blocks, and groups
// with one unbounded head.
import { oracle } from '@attn/conformance';
import { f32, GraphBuilder, buildLsh, type Graph, type Tensor } from '@attn/core';
import { mulberry32, PlanCache, type LshAttentionAttributes } from '@attn/core/backend';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { encodeModel } from '../../model/encode.ts';
import { lowerGraph } from '../lower.ts';

const DIM = 4;

function numbers(shape: readonly number[], seed: number, size: number): Tensor<'f32'> {
  const random = mulberry32(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: count }, () => size * (random() / 2 ** 31 - 1)),
  );
}

/** A graph that hashes, sorts and attends. */
function graphOf(shape: readonly number[], attributes: Partial<LshAttentionAttributes>): Graph {
  const builder = new GraphBuilder();
  const [q, v] = ['q', 'v'].map((name) => builder.input(name, { dtype: 'f32', shape }));
  const options = { rounds: 2, chunkLength: 8, bucketCount: 8, returnLse: true, ...attributes };
  const { out, lse } = buildLsh(builder, { q, v }, options);
  return builder.build({ out, ...(lse && { lse }) });
}

/** Compiles a graph whose steps have at most `stepLogits` logits. Returns a function that runs it. */
async function runnerOf(graph: Graph, stepLogits: number) {
  const { model, inputs, outputs } = lowerGraph(graph, new PlanCache(), { stepLogits });
  const session = await ort.InferenceSession.create(encodeModel(model, 'test').model, {
    intraOpNumThreads: 1,
  });
  return async (
    tensors: Readonly<Record<string, Tensor<'f32'>>>,
  ): Promise<Record<'out' | 'lse', Float32Array>> => {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, modelName] of inputs) {
      feeds[modelName] = new ort.Tensor('float32', tensors[name].data, [...tensors[name].shape]);
    }
    const results = await session.run(feeds);
    const copyOf = (name: string): Float32Array =>
      Float32Array.from(results[outputs.get(name) ?? ''].data as Float32Array);
    return { out: copyOf('out'), lse: copyOf('lse') };
  };
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
    const run = await runnerOf(graph, stepLogits);
    for (const size of [1, 300]) {
      const inputs = { q: numbers(shape, 1, size), v: numbers(shape, 2, 1) };
      const results = await run(inputs);
      const expected = oracle(graph, inputs);
      for (const name of ['out', 'lse'] as const) {
        const errors = results[name].map((value, i) =>
          value === expected[name].data[i] ? 0 : Math.abs(value - expected[name].data[i]),
        );
        expect(Math.max(...errors)).toBeLessThan(size * 4e-6);
      }
    }
  });
});

test('a head with large numbers, infinities or NaN changes no bit of another head', async () => {
  const [n, heads] = [60, 3];
  const shape = [1, heads, n, DIM];
  const run = await runnerOf(graphOf(shape, {}), 2 ** 17);
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
