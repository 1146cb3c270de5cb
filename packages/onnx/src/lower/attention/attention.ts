/**
 * Lowers the `attention` op: the plan's row blocks are sorted into bins of equal numbers of tiles, and each
 * bin is one `Scan`. Dense attention without masks needs no scan (`is-fusable.ts`). Where data decides on the plan, the schedule's tables are inputs of the model, filled in
 * for each run, and the model serves every plan.
 */
import { type AttentionPlan } from '@attn/core';
import {
  attentionProblem,
  inputSpecs,
  planTensors,
  TILE,
  type AttentionProblem,
  type NodeOf,
} from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { emitDirect } from './direct.ts';
import { emitFused } from './fused.ts';
import { isDirect, isFusable } from './is-fusable.ts';
import { biasTables } from './bias-tables.ts';
import { isStaticPlan, rowTables } from './operands.ts';
import type { Projection } from './key-pools.ts';
import { DYNAMIC_LIMITS, schedulePlan, STATIC_LIMITS, type Schedule } from './schedule.ts';
import { emitScan, type ScanOperands } from './scan.ts';
import type { StepResult } from './softmax.ts';
import { dynamicTables, staticTables, type ScheduleTables } from './tables.ts';
import { hiddenInput } from './hidden-input.ts';

/** Lowers one `attention` node. */
export function lowerAttention(context: LoweringContext, node: NodeOf<'attention'>): void {
  const { graph, main, model, options } = context;
  const specs = inputSpecs(graph, node);
  const problem = attentionProblem(specs, node.attributes);
  const { batch, heads, queryLength, keyLength, valueDim } = problem;
  if (batch * queryLength * keyLength === 0) {
    emitEmpty(context, node);
    return;
  }
  let tables: ScheduleTables;
  if (isStaticPlan(graph, node)) {
    const { plan } = context.plans.plan(specs, node.attributes, planTensors(graph, node, {}));
    if (isDirect(node, problem, plan)) {
      finish(context, node, problem, emitDirect(context, node, problem));
      return;
    }
    if (options.fusedDense && !options.portable && isFusable(node, problem, plan)) {
      finish(context, node, problem, { out: emitFused(context, node, problem) });
      return;
    }
    tables = staticTables(
      context,
      problem,
      schedulePlan(problem, plan, { ...STATIC_LIMITS, ...options.schedule }),
    );
  } else if (isDirect(node, problem, context.plans.expected(specs, node.attributes).plan)) {
    const hidden = hiddenInput(context, node, problem);
    finish(context, node, problem, emitDirect(context, node, problem, hidden));
    return;
  } else {
    const schedule = (plan: AttentionPlan): Schedule => schedulePlan(problem, plan, DYNAMIC_LIMITS);
    tables = dynamicTables(context, node, problem, { schedule, options: DYNAMIC_LIMITS });
  }

  const operands = new Map<Projection, ScanOperands>();
  const outs: Name[] = [];
  const lses: Name[] = [];
  const { portable } = options;
  for (const bin of tables.bins) {
    const { projection } = bin;
    const shared = operands.get(projection) ?? scanOperands(context, node, problem, projection, tables);
    operands.set(projection, shared);
    const { out, lse } = emitScan(main, { problem, portable, tables: bin, operands: shared });
    outs.push(main.reshape(out, [-1, valueDim]));
    if (lse !== undefined) lses.push(main.reshape(lse, [-1]));
  }
  /**
   * The results of all bins in the order of queries. Where queries may see no key, `nothing` is their result,
   * appended after all others.
   */
  const collect = (parts: readonly Name[], nothing: () => Name, shape: readonly number[]): Name => {
    const { results } = tables;
    if (results !== undefined) {
      const all = main.op('Concat', [...parts, nothing()], { axis: 0 });
      return main.reshape(main.op('Gather', [all, results]), shape);
    }
    return main.reshape(parts.length === 1 ? parts[0] : main.op('Concat', parts, { axis: 0 }), shape);
  };
  const rows = [batch, heads, queryLength];
  const zeros = (): Name => main.op('Expand', [model.scalar(0), model.integers([1, valueDim])]);
  const minusInfinity = (): Name => main.reshape(model.scalar(-Infinity), [1]);
  const out = collect(outs, zeros, [...rows, valueDim]);
  finish(context, node, problem, {
    out,
    lse: problem.returnLse ? collect(lses, minusInfinity, rows) : undefined,
  });
}

/** The operands that all scans of a projection read: rows of queries, and tiles of keys and values. */
function scanOperands(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  projection: Projection,
  { pools }: ScheduleTables,
): ScanOperands {
  const { main } = context;
  const { q, k, v } = rowTables(context, node, problem, projection);
  const pool = pools[projection];
  const tiled = (name: Name, dim: number): Name =>
    main.reshape(pool?.rows === undefined ? name : main.op('Gather', [name, pool.rows]), [-1, TILE, dim]);
  return {
    queries: q,
    keys: tiled(k, problem.headDim),
    values: tiled(v, problem.valueDim),
    biases: biasTables(context, node, problem, () => pool?.positions()),
  };
}

/** Records the node's outputs: `out` [B, H, Nq, Dv], brought into the call's layout, and `lse` [B, H, Nq]. */
function finish(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  { layout }: AttentionProblem,
  { out, lse }: StepResult,
): void {
  const [outId, lseId] = node.outputs;
  context.setComputed(
    outId,
    layout === 'bhnd' ? out : context.main.op('Transpose', [out], { perm: [0, 2, 1, 3] }),
  );
  if (lse !== undefined) context.setComputed(lseId, lse);
}

/** Lowers attention without queries or without keys: `out` is 0, `lse` is −∞. */
function emitEmpty(context: LoweringContext, node: NodeOf<'attention'>): void {
  node.outputs.forEach((id, index) => {
    const fill = context.model.scalar(index === 0 ? 0 : -Infinity);
    context.setComputed(
      id,
      context.main.op('Expand', [fill, context.model.integers(context.spec(id).shape)]),
    );
  });
}
