/** The operands of one attention node as flat tables of rows, and the options that its kernels depend on. */
import { type Graph } from '@attn/core';
import {
  planValues,
  type AttentionLayout,
  type AttentionProblem,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import type { Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import type { Projection } from './schedule.ts';

/** Whether all inputs that decide on the plan are constants, so that the plan is always the same. */
export function isStaticPlan({ constants }: Graph, node: NodeOf<'attention'>): boolean {
  return planValues(node).every((id) => constants.has(id));
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
