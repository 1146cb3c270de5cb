/**
 * Cases of Linformer's attention, a composition: ways to shorten sequences, heads, padding, and
 * the order of biases. Matrices are constants, as weights are, unless a case makes them inputs.
 */
import {
  full,
  GraphBuilder,
  buildLinformer,
  buildLinformerProjection,
  type Tensor,
  type Value,
} from '@attn/core';
import { float32ToHalf, sizeOf, type LinformerInputs, type LinformerOptions } from '@attn/core/backend';
import { caseId, type BuiltCase, type ConformanceCase } from '../case.ts';
import { fill, fillMask, seedOf, type DataRecipe, type MaskRecipe } from '../data.ts';

/** The declarative form of a case. Defaults: batch 2, 2 heads, head dim 8, and as many queries as keys. */
interface LinformerCaseSpec extends LinformerOptions {
  readonly n: number;
  /** Rows of E. */
  readonly k?: number;
  /** Columns of E. Default n. */
  readonly nMax?: number;
  /** Number of heads that have a matrix each. */
  readonly matrices?: number;
  /** Matrices as lists, one for each head, with these numbers of rows. */
  readonly ks?: readonly number[];
  /** Window of a convolution. */
  readonly window?: number;
  readonly hasF?: boolean;
  readonly hasBias?: boolean;
  /** Keys are the values. */
  readonly shareKv?: boolean;
  /** The input is projected before the linear layers of keys and values. */
  readonly inputFirst?: boolean;
  readonly nq?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly dim?: number;
  readonly valueDim?: number;
  readonly keyMask?: MaskRecipe;
  /** Matrices are inputs of the graph. */
  readonly fed?: boolean;
  readonly data?: DataRecipe;
  readonly dtype?: 'f32' | 'f16';
  /** Values put at flat positions: `v@3=NaN`. */
  readonly plant?: readonly string[];
}

function linformerCases(description: string, specs: readonly LinformerCaseSpec[]): ConformanceCase[] {
  return specs.map((spec) => {
    const params = { ...spec };
    const id = caseId('linformer', params);
    return { id, op: 'linformer', description, params, build: () => buildCase(id, spec) };
  });
}

function buildCase(id: string, spec: LinformerCaseSpec): BuiltCase {
  const [first, second] = [new CaseGraph(id, spec, 0), new CaseGraph(id, spec, 1)];
  for (const parts of [first, second]) compose(parts, spec);
  return { graph: first.build(), inputs: first.inputs, again: second.inputs };
}

/** The graph of a case while it is built, with the inputs of one run. */
class CaseGraph {
  readonly builder = new GraphBuilder();
  readonly inputs: Record<string, Tensor> = {};
  readonly outputs: Record<string, Value> = {};
  private readonly id: string;
  private readonly spec: LinformerCaseSpec;
  private readonly round: number;

  constructor(id: string, spec: LinformerCaseSpec, round: number) {
    this.id = id;
    this.spec = spec;
    this.round = round;
  }

  build(): BuiltCase['graph'] {
    return this.builder.build(this.outputs);
  }

  input(name: string, shape: readonly number[]): Value {
    this.inputs[name] = this.floats(name, shape, this.spec.data ?? 'bell', this.round);
    return this.builder.input(name, this.inputs[name]);
  }

  /** Adds a matrix or a bias: a constant, or an input if the case says so. */
  weight(name: string, shape: readonly number[]): Value {
    const recipe: DataRecipe = 'uniform*0.5';
    if (!this.spec.fed) return this.builder.constant(this.floats(name, shape, recipe, 0), name);
    this.inputs[name] = this.floats(name, shape, recipe, this.round);
    return this.builder.input(name, this.inputs[name]);
  }

  mask(batch: number, n: number): Value | undefined {
    const { keyMask } = this.spec;
    if (keyMask === undefined) return undefined;
    const data = fillMask(keyMask, batch, n, seedOf(`${this.id}/keyMask`), this.round);
    this.inputs.keyMask = { dtype: 'bool', shape: [batch, n], data };
    return this.builder.input('keyMask', this.inputs.keyMask);
  }

  private floats(name: string, shape: readonly number[], recipe: DataRecipe, round: number): Tensor {
    const { dtype = 'f32', plant = [] } = this.spec;
    const data = fill(recipe, sizeOf(shape), seedOf(`${this.id}/${name}/${round}`));
    for (const text of plant) {
      const [target, value] = text.split('=');
      const [input, at] = target.split('@');
      if (input === name) data[Number(at)] = Number(value);
    }
    return dtype === 'f16' ? { dtype, shape, data: float32ToHalf(data) } : { dtype, shape, data };
  }
}

function compose(parts: CaseGraph, spec: LinformerCaseSpec): void {
  const { n, nq = n, heads = 2, kvHeads = heads, dim = 8, valueDim = dim, layout = 'bhnd' } = spec;
  const { projection, projectedLength, scale, softcap, returnLse } = spec;
  const options = { projection, projectedLength, scale, softcap, layout, returnLse };
  const batch = 2;
  const shape = (count: number, rows: number, width: number): number[] =>
    layout === 'bhnd' ? [batch, count, rows, width] : [batch, rows, count, width];
  const q = parts.input('q', shape(heads, nq, dim));
  const keyMask = parts.mask(batch, n);
  if (spec.inputFirst) {
    const x = parts.input('x', [batch, n, dim]);
    const layer = (name: string) => ({
      weight: parts.weight(`${name}.weight`, [kvHeads * dim, dim]),
      bias: parts.weight(`${name}.bias`, [kvHeads * dim]),
    });
    const [key, value] = [layer('key'), layer('value')];
    const { k, v } = buildLinformerProjection(
      parts.builder,
      {
        x,
        keyMask,
        keyWeight: key.weight,
        keyBias: key.bias,
        valueWeight: value.weight,
        valueBias: value.bias,
        ...matrices(parts, spec, dim, dim),
      },
      { projection, projectedLength, layout, keyHeads: kvHeads },
    );
    parts.outputs.out = parts.builder.attention({ q, k, v }, { pattern: full(), layout }).out;
    return;
  }
  const k = parts.input('k', shape(kvHeads, n, dim));
  const v = spec.shareKv ? k : parts.input('v', shape(kvHeads, n, valueDim));
  const inputs = { q, k, v, keyMask, ...matrices(parts, spec, dim, valueDim) };
  const { out, lse } = buildLinformer(parts.builder, inputs, options);
  parts.outputs.out = out;
  if (lse) parts.outputs.lse = lse;
}

/** E and F with their biases, in the form that the case asks for. */
function matrices(
  parts: CaseGraph,
  spec: LinformerCaseSpec,
  dim: number,
  valueDim: number,
): Pick<LinformerInputs<Value>, 'E' | 'F' | 'biasE' | 'biasF'> {
  const { n, k = 4, nMax = n, ks, matrices: count, window, projection = 'linear' } = spec;
  if (projection === 'meanPool' || projection === 'maxPool') return {};
  const matrix = (name: string, width: number): Value | Value[] => {
    if (window !== undefined) return parts.weight(name, [width, width, window]);
    if (ks !== undefined) return ks.map((rows, head) => parts.weight(`${name}${head}`, [rows, nMax]));
    return parts.weight(name, count === undefined ? [k, nMax] : [count, k, nMax]);
  };
  const bias = (name: string, width: number): Value | Value[] => {
    if (window !== undefined) return parts.weight(name, [width]);
    if (ks !== undefined) return ks.map((rows, head) => parts.weight(`${name}${head}`, [rows]));
    return parts.weight(name, count === undefined ? [k] : [count, k]);
  };
  return {
    E: matrix('E', dim),
    biasE: spec.hasBias ? bias('biasE', dim) : undefined,
    F: spec.hasF ? matrix('F', valueDim) : undefined,
    biasF: spec.hasF && spec.hasBias ? bias('biasF', valueDim) : undefined,
  };
}

const POOLS = ['meanPool', 'maxPool'] as const;

export const linformerCaseList: readonly ConformanceCase[] = [
  ...linformerCases('E, and F where values have one of their own; keys that are values are projected once.', [
    { n: 20, hasF: true },
    { n: 20, hasF: true, fed: true },
    { n: 20, hasF: true, layout: 'bnhd' },
    { n: 20 },
    { n: 20, shareKv: true },
    { n: 20, nq: 7, hasF: true, returnLse: true, scale: 0.5, softcap: 5 },
    { n: 33, k: 9, dim: 16, valueDim: 5, hasF: true, nq: 1 },
  ]),
  ...linformerCases('More projected keys than there are keys, one of them, one key.', [
    { n: 5, k: 5 },
    { n: 5, k: 9, hasF: true },
    { n: 21, k: 1, hasF: true },
    { n: 1, k: 4, hasF: true },
    { n: 1, k: 1, hasF: true, layout: 'bnhd' },
  ]),
  ...linformerCases('Lengths around tiles.', [
    { n: 63, k: 64, hasF: true },
    { n: 130, k: 65, hasF: true, nq: 66, data: 'bell*0.3' },
  ]),
  ...linformerCases('A sequence shorter than that of training takes the first columns.', [
    { n: 13, nMax: 20, hasF: true },
    { n: 13, nMax: 20, hasF: true, layout: 'bnhd', fed: true },
    { n: 13, nMax: 20, matrices: 2, hasF: true },
    { n: 13, nMax: 20, ks: [3, 5] },
  ]),
  ...linformerCases('Biases are added once to each projected row, for the values too.', [
    { n: 20, hasBias: true },
    { n: 20, hasBias: true, hasF: true, layout: 'bnhd' },
    { n: 20, hasBias: true, hasF: true, matrices: 2 },
    { n: 20, hasBias: true, hasF: true, ks: [2, 3] },
  ]),
  ...linformerCases('A matrix for each head, for each key/value head, and one key/value head for all.', [
    { n: 20, matrices: 2, hasF: true },
    { n: 20, matrices: 2, hasF: true, layout: 'bnhd' },
    { n: 20, heads: 4, kvHeads: 2, matrices: 2, hasF: true },
    { n: 20, heads: 4, kvHeads: 2, matrices: 4, hasF: true },
    { n: 20, heads: 4, kvHeads: 1, hasF: true },
    { n: 20, heads: 4, kvHeads: 1, matrices: 4, hasF: true, layout: 'bnhd' },
    { n: 20, heads: 4, kvHeads: 1, shareKv: true },
  ]),
  ...linformerCases('Another k for each head: heads come out in their order.', [
    { n: 20, ks: [4, 6], hasF: true, returnLse: true },
    { n: 20, heads: 4, ks: [4, 6, 4, 2], hasF: true, returnLse: true },
    { n: 20, heads: 4, kvHeads: 2, ks: [4, 6, 6, 4], hasF: true, layout: 'bnhd' },
    { n: 20, heads: 3, projection: 'meanPool', projectedLength: [4, 20, 4] },
  ]),
  ...linformerCases(
    'Pools: windows of ⌈n / k⌉ rows, of which the last may be shorter; none when k ≥ n.',
    POOLS.flatMap((projection) => [
      { n: 20, projection, projectedLength: 5 },
      { n: 21, projection, projectedLength: 5 },
      { n: 21, projection, projectedLength: 20, layout: 'bnhd' as const },
      { n: 21, projection, projectedLength: 1 },
      { n: 21, projection, projectedLength: 21 },
      { n: 21, projection, projectedLength: 64, returnLse: true },
      { n: 23, projection, projectedLength: 6, heads: 4, kvHeads: 2, layout: 'bnhd' as const },
      { n: 200, projection, projectedLength: 3 },
    ]),
  ),
  ...linformerCases('Strided convolutions, with 0 behind the last row.', [
    { n: 20, projection: 'convolution', window: 4, hasF: true },
    { n: 21, projection: 'convolution', window: 4, hasF: true, hasBias: true },
    { n: 21, projection: 'convolution', window: 4, hasBias: true, layout: 'bnhd' },
    { n: 21, projection: 'convolution', window: 1, fed: true },
    { n: 7, projection: 'convolution', window: 9, hasF: true },
  ]),
  ...linformerCases('Masked keys and values are 0 before they are projected, also where they are NaN.', [
    { n: 20, hasF: true, keyMask: 'tail:6' },
    { n: 20, hasF: true, keyMask: 'tail:6', layout: 'bnhd', plant: ['k@120=NaN', 'v@159=NaN', 'v@319=NaN'] },
    {
      n: 20,
      hasF: true,
      keyMask: 'not:3,16',
      plant: ['k@24=NaN', 'k@31=Infinity', 'v@130=NaN', 'v@29=-Infinity', 'k@135=NaN'],
    },
    { n: 20, hasF: true, hasBias: true, keyMask: 'holes:40' },
    { n: 21, projection: 'meanPool', projectedLength: 4, keyMask: 'holes:40' },
    { n: 21, projection: 'maxPool', projectedLength: 4, keyMask: 'holes:40', data: 'near1*-2' },
    { n: 21, projection: 'convolution', window: 4, keyMask: 'tail:5', hasBias: true },
  ]),
  ...linformerCases(
    'Where nothing is valid the result is 0, but for biases; the other row of the batch is not touched.',
    [
      { n: 20, hasF: true, keyMask: 'none' },
      { n: 20, hasF: true, keyMask: 'none|all', returnLse: true, plant: ['k@5=NaN', 'v@7=NaN'] },
      { n: 20, hasF: true, hasBias: true, keyMask: 'all|none' },
      { n: 20, projection: 'maxPool', projectedLength: 3, keyMask: 'none|tail:3' },
      { n: 0, nq: 3, nMax: 4, hasF: true },
    ],
  ),
  ...linformerCases('NaN that is visible spoils its own column of what all queries see, and no other head.', [
    { n: 20, hasF: true, plant: ['v@37=NaN'] },
    { n: 20, hasF: true, plant: ['k@37=NaN'] },
    { n: 20, projection: 'maxPool', projectedLength: 3, plant: ['v@37=NaN'] },
  ]),
  ...linformerCases('The input projected before the linear layers, whose biases then count once.', [
    { n: 20, inputFirst: true, hasF: true },
    { n: 20, inputFirst: true, nMax: 27, layout: 'bnhd' },
    { n: 20, inputFirst: true, keyMask: 'tail:4|none' },
    { n: 21, inputFirst: true, projection: 'meanPool', projectedLength: 4 },
    { n: 20, inputFirst: true, heads: 4, kvHeads: 2, hasF: true },
  ]),
  ...linformerCases('Keys that are far from 0: logits are huge, and all alike or steps apart.', [
    { n: 20, projection: 'maxPool', projectedLength: 5, scale: 0.5, data: 'signs*1048576', returnLse: true },
    { n: 21, projection: 'maxPool', projectedLength: 4, scale: -1, data: 'ones*1152921504606846976' },
    { n: 200, projection: 'maxPool', projectedLength: 70, scale: 0.25, data: 'signs*1099511627776' },
  ]),
  ...linformerCases('Half precision storage.', [
    { n: 20, hasF: true, dtype: 'f16' },
    { n: 20, hasF: true, dtype: 'f16', layout: 'bnhd', keyMask: 'tail:6', plant: ['v@310=NaN'] },
    { n: 21, projection: 'meanPool', projectedLength: 4, dtype: 'f16' },
    { n: 21, projection: 'maxPool', projectedLength: 4, dtype: 'f16' },
  ]),
];
