/**
 * The `attention` op: the plan's row blocks as `Scan`s over classes of equal numbers of tiles. Where data decides on the plan, the
 * schedule's tables are inputs of the model, filled in anew for each run, and the model stays as it is.
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
import type { Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import { emitFused } from './fused.ts';
import { isFusable } from './is-fusable.ts';
import { biasTables } from './bias-tables.ts';
import { isStaticPlan, rowTables } from './operands.ts';
import { DYNAMIC, schedule, STATIC, type Projection, type Schedule } from './schedule.ts';
import { emitScan, type ScanOperands } from './scan.ts';
import type { StepResult } from './softmax.ts';
import { dynamicTables, staticTables, type ScheduleTables } from './tables.ts';

/** Lowers one node. */
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
    if (options.fusedDense && !options.portable && isFusable(node, problem, plan)) {
      finish(context, node, problem, { out: emitFused(context, node, problem) });
      return;
    }
    tables = staticTables(context, problem, schedule(problem, plan, { ...STATIC, ...options.schedule }));
  } else {
    const make = (plan: AttentionPlan): Schedule => schedule(problem, plan, DYNAMIC);
    tables = dynamicTables(context, node, problem, make, DYNAMIC);
  }

  const operands = new Map<Projection, ScanOperands>();
  const outs: Name[] = [];
  const lses: Name[] = [];
  for (const each of tables.classes) {
    const { projection } = each;
    const known = operands.get(projection) ?? scanOperands(context, node, problem, projection, tables);
    operands.set(projection, known);
    const { out, lse } = emitScan(main, problem, options.portable, each, known);
    outs.push(main.reshape(out, [-1, valueDim]));
    if (lse !== undefined) lses.push(main.reshape(lse, [-1]));
  }
  /** Results of all classes in the order of queries; one behind the last is that of a query which sees nothing. */
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

/** What the scans of one projection read: rows of queries, and tiles of keys and values. */
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

/** Says where the node's outputs stand: [B, H, Nq, Dv] in the call's layout, [B, H, Nq]. */
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

/** No queries, or no keys: zeros, and −∞. */
function emitEmpty(context: LoweringContext, node: NodeOf<'attention'>): void {
  node.outputs.forEach((id, index) => {
    const fill = context.model.scalar(index === 0 ? 0 : -Infinity);
    context.setComputed(
      id,
      context.main.op('Expand', [fill, context.model.integers(context.spec(id).shape)]),
    );
  });
}
