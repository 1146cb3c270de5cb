/** The operands of one attention node as flat tables of rows, and whether its plan is fixed. */
import { type Graph } from '@attn/core';
import {
  planValues,
  type AttentionLayout,
  type AttentionProblem,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { Projection } from './key-pools.ts';

/** Whether every input that decides on the plan is a constant, so that all runs share one plan. */
export function isStaticPlan({ constants }: Graph, node: NodeOf<'attention'>): boolean {
  return planValues(node).every((id) => constants.has(id));
}

/** Rows of one projection: q [B·H·Nq, D], k [B·Hkv·Nk, D], v [B·Hkv·Nk, Dv]. */
export interface RowTables {
  readonly q: Name;
  readonly k: Name;
  readonly v: Name;
}

/** The rows of one projection: `q`, `k`, `v`, or `qGlobal`, `kGlobal`, `vGlobal`. */
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

/** An operand as [batch, heads, seq, dim], transposed where the call's layout is `bnhd`. */
export function headsFirst(
  context: LoweringContext,
  id: ValueId,
  { layout }: { readonly layout: AttentionLayout },
): Name {
  const name = context.value(id);
  return layout === 'bhnd' ? name : context.main.op('Transpose', [name], { perm: [0, 2, 1, 3] });
}
