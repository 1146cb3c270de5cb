/** The operands of one attention node as flat tables of rows, and the options that its kernels depend on. */
import type { AttentionLayout, AttentionProblem, Graph, NodeOf, Tensor, ValueId } from '@attn/core';
import type { Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import type { Projection } from './schedule.ts';

/** Inputs that decide on the plan. */
export const PLAN_INPUTS = ['keyMask', 'queryMask', 'globalMask', 'segmentIds', 'keyLengths'] as const;

/** Whether all of them are constants, so that the plan is always the same. */
export function isStaticPlan({ constants }: Graph, { inputs }: NodeOf<'attention'>): boolean {
  return PLAN_INPUTS.every((name) => inputs[name] === undefined || constants.has(inputs[name]));
}

/** q, k and v of one projection: [B·H·Nq, D], [B·Hkv·Nk, D], [B·Hkv·Nk, Dv]. */
export interface RowTables {
  readonly q: Name;
  readonly k: Name;
  readonly v: Name;
}

/** The tables of a projection. */
export function rowTables(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  projection: Projection,
): RowTables {
  const suffix = projection === 'global' ? 'Global' : '';
  const table = (name: string, dim: number): Name =>
    context.main.reshape(headsFirst(context, node.inputs[name + suffix], problem), [-1, dim]);
  return {
    q: table('q', problem.headDim),
    k: table('k', problem.headDim),
    v: table('v', problem.valueDim),
  };
}

/** An operand with the axes [batch, heads, seq, dim]. */
export function headsFirst(
  context: LoweringContext,
  id: ValueId,
  { layout }: { readonly layout: AttentionLayout },
): Name {
  const name = context.value(id);
  return layout === 'bhnd' ? name : context.main.op('Transpose', [name], { perm: [0, 2, 1, 3] });
}

/** A node's inputs with the data that is known: constants', and those of the graph's inputs that are given. */
export function knownTensors(
  { graph }: LoweringContext,
  node: NodeOf<'attention'>,
  given: Readonly<Record<string, Tensor>> = {},
): Record<string, Tensor> {
  const names = new Map([...graph.inputs].map(([name, id]) => [id, name]));
  const tensors: Record<string, Tensor> = {};
  for (const [name, id] of Object.entries(node.inputs)) {
    const nothing = { ...graph.values[id], data: new Float32Array(0) } as Tensor;
    tensors[name] = graph.constants.get(id) ?? given[names.get(id) ?? ''] ?? nothing;
  }
  return tensors;
}
