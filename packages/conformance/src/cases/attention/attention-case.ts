/**
 * Makes the id, the graph and the inputs of an attention case from its declarative form. A case lists
 * only its differences from the defaults, so that a table of cases reads as the list of what is tried.
 */
import { GraphBuilder, type Pattern, type Tensor, type Tensors, type Value } from '@attn/core';
import { sizeOf, TABLE_INPUTS, tableInput, tablesOf, TILE, type AttentionLayout } from '@attn/core/backend';
import { caseId, type CaseParams, type ConformanceCase } from '../../case.ts';
import {
  fill,
  fillIntegers,
  fillMask,
  fillSegments,
  seedOf,
  type DataRecipe,
  type MaskRecipe,
  type SegmentRecipe,
} from '../../data.ts';
import { sampleRows } from '../../rows.ts';
import { inHalf, plant } from '../inputs.ts';
import { describePattern } from './describe-pattern.ts';
import { scoreOf, type NamedScore } from './scores.ts';

/** The declarative form of an attention case. Absent fields have the named defaults. */
export interface AttentionCaseSpec {
  readonly pattern: Pattern;
  /** Key length. */
  readonly n: number;
  /** Query length; default n. */
  readonly nq?: number;
  /** Batch rows; default 1. */
  readonly batch?: number;
  /** Query heads; default 2. */
  readonly heads?: number;
  /** Key/value heads; default `heads`. */
  readonly kvHeads?: number;
  /** Head dim; default 8. */
  readonly d?: number;
  /** Value dim; default d. */
  readonly dv?: number;
  /** `queryOffset`; default the op's own. */
  readonly offset?: number;
  readonly scale?: number;
  readonly softcap?: number;
  readonly layout?: AttentionLayout;
  /** `returnLse`; default true, since lse shows errors that out hides. */
  readonly lse?: boolean;
  /** Default f32. */
  readonly dtype?: 'f32' | 'f16';
  /** q and k; default `bell`. */
  readonly data?: DataRecipe;
  /** v; default `uniform`. */
  readonly values?: DataRecipe;
  readonly keyMask?: MaskRecipe;
  readonly queryMask?: MaskRecipe;
  readonly globalMask?: MaskRecipe;
  readonly segments?: SegmentRecipe;
  /** `keyLengths`, one per batch row. */
  readonly lengths?: readonly number[];
  /** Axes of the mask of pairs, as those of the bias. */
  readonly mask?: string;
  /** The mask's rows, one after another; default `holes:30`. */
  readonly maskData?: MaskRecipe;
  /** Axes of the dense bias: `bhqk`, `1h1k`, `qk`, `k`, …; `1` is an axis of extent 1. */
  readonly bias?: string;
  /** Values of the bias; default `bell`. */
  readonly biasData?: DataRecipe;
  /**
   * Numbers that are added to the bias of the first 64 keys, the next
   * 64, and so on; in reverse in the second run.
   */
  readonly levels?: readonly number[];
  /** Percentage of the bias that is −∞. */
  readonly biasHoles?: number;
  /** ALiBi slopes per head, or per batch row and head. */
  readonly alibi?: 'h' | 'bh';
  /** Reach R of the table of relative positions. */
  readonly relative?: number;
  /** A learned sink for each head. */
  readonly sinks?: DataRecipe;
  /** Sinks are f32 beside halves. */
  readonly wideSinks?: boolean;
  /** The name of a score among `SCORES`, or its tree as JSON, as `scoreOf` reads it. */
  readonly score?: string;
  /** Separate projections for global tokens. */
  readonly separate?: boolean;
  /** Values put into inputs: `k@0,1,5,2=NaN`; with fewer indices, a whole slice: `v@0,0,3=Infinity`. */
  readonly plant?: readonly string[];
  /** Number of query rows to compare, for lengths at which the definition takes too long; default all. */
  readonly rows?: number;
}

/**
 * Makes cases that share a description.
 *
 * @example
 * const pattern = slidingWindow({ before: 3, after: 3 });
 * attentionCases('A window and a mask.', [{ pattern, n: 65, keyMask: 'tail:5' }]);
 */
export function attentionCases(description: string, specs: readonly AttentionCaseSpec[]): ConformanceCase[] {
  return specs.map((spec) => attentionCase(description, spec));
}

/** Every combination of these lists of values, over the fields of `base`. */
export function cross<K extends keyof AttentionCaseSpec>(
  base: Omit<AttentionCaseSpec, K>,
  lists: { readonly [P in K]: readonly AttentionCaseSpec[P][] },
): AttentionCaseSpec[] {
  const names = Object.keys(lists) as K[];
  let combinations: Partial<AttentionCaseSpec>[] = [base];
  for (const name of names) {
    combinations = combinations.flatMap((combination) =>
      lists[name].map((value) => ({ ...combination, [name]: value })),
    );
  }
  return combinations as AttentionCaseSpec[];
}

function attentionCase(description: string, spec: AttentionCaseSpec): ConformanceCase {
  const params = paramsOf(spec);
  const id = caseId('attention', params);
  return {
    id,
    op: 'attention',
    description,
    params,
    build: () => {
      const inputs = makeInputs(spec, id, 0);
      return {
        graph: buildGraph(spec, inputs),
        inputs,
        again: makeInputs(spec, id, 1),
        rows: spec.rows === undefined ? undefined : sampleRows(spec.rows, spec.heads ?? 2, spec.nq ?? spec.n),
      };
    },
  };
}

function paramsOf({ pattern, n, nq, batch, heads, plant, ...rest }: AttentionCaseSpec): CaseParams {
  const { lse, ...others } = rest;
  return { [describePattern(pattern)]: true, n, nq, batch, heads, ...others, nolse: lse === false, plant };
}

/** A graph of one node with the inputs of the case; of a few with sinks. */
function buildGraph(spec: AttentionCaseSpec, inputs: Tensors): ReturnType<GraphBuilder['build']> {
  const builder = new GraphBuilder();
  const values: Record<string, Value> = {};
  for (const [name, tensor] of Object.entries(inputs)) values[name] = builder.input(name, tensor);
  const tables = tablesOf(values);
  const { q, k, v, ...optional } = Object.fromEntries(
    Object.entries(values).filter(([name]) => !name.startsWith(TABLE_INPUTS)),
  );
  const { out, lse } = builder.attention(
    { ...optional, q, k, v, tables },
    {
      pattern: spec.pattern,
      scale: spec.scale,
      queryOffset: spec.offset,
      softcap: spec.softcap,
      score: spec.score === undefined ? undefined : scoreOf(spec.score).score,
      layout: spec.layout,
      returnLse: spec.lse ?? true,
    },
  );
  return builder.build(lse ? { out, lse } : { out });
}

/** The inputs of a run. Run 1 has other numbers, and the masks of run 0 in reverse. */
function makeInputs(spec: AttentionCaseSpec, id: string, round: number): Tensors {
  const { n, nq = n, batch = 1, heads = 2, kvHeads = heads, d = 8, dv = d } = spec;
  const { data = 'bell', values = 'uniform', layout = 'bhnd', dtype = 'f32' } = spec;
  const seed = (name: string): number => seedOf(`${id}/${name}/${round}`);
  const floats = (name: string, shape: readonly number[], recipe: DataRecipe): Tensor<'f32'> => {
    const numbers = fill(
      recipe,
      shape.reduce((size, extent) => size * extent, 1),
      seed(name),
    );
    return { dtype: 'f32', shape, data: numbers };
  };
  const rows = (h: number, length: number, dim: number): number[] =>
    layout === 'bhnd' ? [batch, h, length, dim] : [batch, length, h, dim];
  const mask = (name: string, recipe: MaskRecipe, length: number): Tensor => {
    return {
      dtype: 'bool',
      shape: [batch, length],
      data: fillMask(recipe, batch, length, seed(name), round),
    };
  };

  const inputs: Record<string, Tensor> = {
    q: floats('q', rows(heads, nq, d), data),
    k: floats('k', rows(kvHeads, n, d), data),
    v: floats('v', rows(kvHeads, n, dv), values),
  };
  if (spec.separate) {
    inputs.qGlobal = floats('qGlobal', rows(heads, nq, d), data);
    inputs.kGlobal = floats('kGlobal', rows(kvHeads, n, d), data);
    inputs.vGlobal = floats('vGlobal', rows(kvHeads, n, dv), values);
  }
  if (spec.keyMask) inputs.keyMask = mask('keyMask', spec.keyMask, n);
  if (spec.queryMask) inputs.queryMask = mask('queryMask', spec.queryMask, nq);
  if (spec.globalMask) inputs.globalMask = mask('globalMask', spec.globalMask, n);
  if (spec.segments) {
    inputs.segmentIds = {
      dtype: 'i32',
      shape: [batch, n],
      data: fillSegments(spec.segments, batch, n, round),
    };
  }
  if (spec.lengths)
    inputs.keyLengths = { dtype: 'i32', shape: [batch], data: keyLengths(spec.lengths, n, round) };
  const extents: Record<string, number> = { b: batch, h: heads, q: nq, k: n };
  const shapeOf = (axes: string): number[] => Array.from(axes, (axis) => extents[axis] ?? 1);
  if (spec.mask) {
    const shape = shapeOf(spec.mask);
    const columns = shape[shape.length - 1];
    const rowCount = shape.reduce((product, extent) => product * extent, 1) / columns;
    const cells = fillMask(spec.maskData ?? 'holes:30', rowCount, columns, seed('mask'), round);
    inputs.mask = { dtype: 'bool', shape, data: cells };
  }
  if (spec.bias) {
    const bias = floats('bias', shapeOf(spec.bias), spec.biasData ?? 'bell');
    const staysFinite = fillMask(`holes:${spec.biasHoles ?? 0}`, 1, bias.data.length, seed('biasHoles'), 0);
    const levels = (round === 0 ? spec.levels : spec.levels?.toReversed()) ?? [0];
    const levelOf = (key: number): number => levels[Math.min(Math.floor(key / TILE), levels.length - 1)];
    const data = bias.data.map((value, i) => (staysFinite[i] ? value + levelOf(i % n) : -Infinity));
    inputs.bias = { ...bias, data };
  }
  if (spec.alibi)
    inputs.alibiSlopes = floats('alibi', spec.alibi === 'h' ? [heads] : [batch, heads], 'near1*0.25');
  if (spec.relative !== undefined)
    inputs.relativeBias = floats('relative', [heads, 2 * spec.relative + 1], 'bell');
  if (spec.sinks) inputs.sinks = floats('sinks', [heads], spec.sinks);
  const tried: NamedScore | undefined = spec.score === undefined ? undefined : scoreOf(spec.score);
  for (const [table, recipe] of Object.entries(tried?.tables({ batch, heads, n }) ?? {})) {
    const name = tableInput(table);
    inputs[name] =
      recipe.below === undefined
        ? floats(name, recipe.shape, recipe.data ?? 'bell')
        : {
            dtype: 'i32',
            shape: recipe.shape,
            data: fillIntegers(recipe.below, sizeOf(recipe.shape), seed(name)),
          };
  }
  for (const text of spec.plant ?? []) plant(inputs, text);
  if (dtype === 'f32') return inputs;
  return spec.wideSinks ? { ...inHalf(inputs), sinks: inputs.sinks } : inHalf(inputs);
}

/** The lengths of a run. Run 1 has them in reverse; with a single batch row, it has the rest of that row. */
function keyLengths(lengths: readonly number[], n: number, round: number): Int32Array {
  if (round === 0) return Int32Array.from(lengths);
  return Int32Array.from(lengths.length === 1 ? [n - lengths[0]] : lengths.toReversed());
}
