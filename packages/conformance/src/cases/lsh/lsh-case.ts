/**
 * Makes the id, the graph and the inputs of a case of LSH attention
 * from its declarative form. Orders come from sorting random buckets.
 */
import { GraphBuilder, type Tensor, type Tensors, type Value } from '@attn/core';
import { mulberry32, type LshAttentionAttributes } from '@attn/core/backend';
import { caseId, type ConformanceCase } from '../../case.ts';
import { fill, fillIntegers, fillMask, seedOf, type DataRecipe, type MaskRecipe } from '../../data.ts';
import { inHalf, plant } from '../inputs.ts';

/** The declarative form of a case. Absent fields have the named defaults; attributes have those of the op. */
export interface LshCaseSpec extends Omit<LshAttentionAttributes, 'chunkLength' | 'returnLse'> {
  readonly n: number;
  readonly chunk: number;
  /** Default 1. */
  readonly rounds?: number;
  /** Number of random buckets, by which tokens are sorted; 0 for a random order. Default 4. */
  readonly sorted?: number;
  /** Default 1. */
  readonly batch?: number;
  /** Default 2. */
  readonly heads?: number;
  /** Head dim; default 8. */
  readonly d?: number;
  /** Value dim; default d. */
  readonly dv?: number;
  /** `returnLse`; default true. */
  readonly lse?: boolean;
  /** Default f32. */
  readonly dtype?: 'f32' | 'f16';
  /** Default `bell`. */
  readonly data?: DataRecipe;
  readonly mask?: MaskRecipe;
  readonly plant?: readonly string[];
}

/** Makes cases that share a description. */
export function lshCases(description: string, specs: readonly LshCaseSpec[]): ConformanceCase[] {
  return specs.map((spec) => {
    const { lse, plant: planted, n, chunk, ...rest } = spec;
    const params = { n, chunk, ...rest, nolse: lse === false, plant: planted };
    const id = caseId('lshAttention', params);
    const build = () => {
      const [inputs, again] = [makeInputs(spec, id, 0), makeInputs(spec, id, 1)];
      return { graph: buildGraph(spec, inputs), inputs, again };
    };
    return { id, op: 'lshAttention', description, params, build };
  });
}

function buildGraph(spec: LshCaseSpec, inputs: Tensors): ReturnType<GraphBuilder['build']> {
  const { chunk: chunkLength, chunksBefore, chunksAfter, wrap, causal, keyNorm, scale } = spec;
  const { withinBuckets, duplicates, layout, lse: returnLse = true } = spec;
  const builder = new GraphBuilder();
  const values: Record<string, Value> = {};
  for (const [name, tensor] of Object.entries(inputs)) values[name] = builder.input(name, tensor);
  const { q, v, order, ...optional } = values;
  const { out, lse } = builder.lshAttention(
    { ...optional, q, v, order },
    {
      chunkLength,
      chunksBefore,
      chunksAfter,
      wrap,
      causal,
      keyNorm,
      scale,
      withinBuckets,
      duplicates,
      layout,
      returnLse,
    },
  );
  return builder.build(lse ? { out, lse } : { out });
}

/** The inputs of a run. Run 1 has other numbers and orders, and the mask of run 0 in reverse. */
function makeInputs(spec: LshCaseSpec, id: string, round: number): Tensors {
  const { n, rounds = 1, batch = 1, heads = 2, d = 8, dv = d, sorted = 4 } = spec;
  const { data = 'bell', layout = 'bhnd', dtype = 'f32' } = spec;
  const seed = (name: string): number => seedOf(`${id}/${name}/${round}`);
  const floats = (name: string, dim: number, recipe: DataRecipe): Tensor => {
    const shape = layout === 'bhnd' ? [batch, heads, n, dim] : [batch, n, heads, dim];
    return { dtype: 'f32', shape, data: fill(recipe, batch * heads * n * dim, seed(name)) };
  };
  const shape = [batch, heads, rounds, n];
  const size = batch * heads * rounds * n;
  const buckets =
    sorted === 0 ? anyPlaces(size, seed('buckets')) : fillIntegers(sorted, size, seed('buckets'));
  const order = new Int32Array(size);
  for (let at = 0; at < size; at += n) {
    const row = Array.from({ length: n }, (_, i) => i).sort((a, b) => buckets[at + a] - buckets[at + b]);
    order.set(row, at);
  }
  const inputs: Record<string, Tensor> = {
    q: floats('q', d, data),
    v: floats('v', dv, 'uniform'),
    order: { dtype: 'i32', shape, data: order },
  };
  if (spec.withinBuckets) inputs.buckets = { dtype: 'i32', shape, data: buckets };
  if (spec.mask) {
    const mask = fillMask(spec.mask, batch, n, seed('mask'), round);
    inputs.keyMask = { dtype: 'bool', shape: [batch, n], data: mask };
  }
  for (const text of spec.plant ?? []) plant(inputs, text);
  return dtype === 'f16' ? inHalf(inputs) : inputs;
}

/** Random numbers, of which hardly any two are equal. */
function anyPlaces(size: number, seed: number): Int32Array {
  const random = mulberry32(seed);
  return Int32Array.from({ length: size }, () => random() >>> 1);
}
