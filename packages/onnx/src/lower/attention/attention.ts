/**
 * Lowers the `attention` op: the plan's row blocks are sorted into bins of equal numbers of tiles, and each
 * bin is one `Scan`. Attention of few queries, dense and causal attention have forms of their own. Where data
 * decides on the plan, the schedule's tables are inputs of the model, filled in for each run, and the model
 * serves every plan.
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
import type { GraphScope, OnnxModelBuilder } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { emitDirect } from './direct.ts';
import { dynamicTables } from './dynamic-tables.ts';
import { emitFused } from './fused.ts';
import { hiddenInput } from './hidden-input.ts';
import { isDirect, isFusable } from './is-fusable.ts';
import { biasTables, hasBiasOfPairs } from './bias-tables.ts';
import { causalBlocks, isFullyCausal } from './causal-blocks.ts';
import { emitCausal } from './causal.ts';
import { isStaticPlan, rowTables } from './operands.ts';
import { emitVisibleKeys, hidesFewKeys, onlyKeyMaskDecides, planOfAllKeys } from './key-mask.ts';
import type { Projection } from './key-pools.ts';
import {
  CORRECTING_LIMITS,
  DYNAMIC_LIMITS,
  schedulePlan,
  STATIC_LIMITS,
  type Schedule,
  type ScheduleOptions,
} from './schedule.ts';
import { emitScan, type ScanOperands } from './scan.ts';
import { emitIf, type StepResult } from './softmax.ts';
import { staticTables, type ScheduleTables } from './tables.ts';

/** Lowers one `attention` node. */
export function lowerAttention(context: LoweringContext, node: NodeOf<'attention'>): void {
  const { graph, main, options } = context;
  const specs = inputSpecs(graph, node);
  const problem = attentionProblem(specs, node.attributes);
  const { batch, queryLength, keyLength } = problem;
  if (batch * queryLength * keyLength === 0) {
    emitEmpty(context, node);
    return;
  }
  if (!isStaticPlan(graph, node)) {
    const { plan: expected } = context.plans.expected(specs, node.attributes);
    const result = isDirect(node, problem, expected)
      ? emitDirect(context, node, problem, hiddenInput(context, node, problem))
      : emitDynamic(context, node, problem);
    finish(context, node, problem, result);
    return;
  }
  const { plan } = context.plans.plan(specs, node.attributes, planTensors(graph, node, {}));
  if (isDirect(node, problem, plan)) {
    finish(context, node, problem, emitDirect(context, node, problem));
    return;
  }
  if (options.fusedDense && !options.portable && isFusable(node, problem, plan)) {
    finish(context, node, problem, { out: emitFused(context, node, problem) });
    return;
  }
  const scans = (scope: GraphScope, limits?: Partial<ScheduleOptions>): StepResult =>
    emitScans(context, node, problem, tablesOf(context, node, problem, plan, limits), scope);
  const blocks = options.causalBlocks ?? causalBlocks(problem);
  const result =
    blocks !== undefined && isFullyCausal(node, problem, plan)
      ? emitCausal(context, node, problem, blocks, (scope) => scans(scope, CORRECTING_LIMITS))
      : scans(main);
  finish(context, node, problem, result);
}

/** The tables in each model, by plan and options. */
const TABLES = new WeakMap<OnnxModelBuilder, Map<AttentionPlan, Map<string, ScheduleTables>>>();

/** The tables of a plan that never changes. Nodes with one plan, such as layers of a model, share them. */
function tablesOf(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  plan: AttentionPlan,
  limits: Partial<ScheduleOptions> = {},
): ScheduleTables {
  const sharesPairs = hasBiasOfPairs(context, node, problem);
  const options = { ...STATIC_LIMITS, sharesPairs, ...limits, ...context.options.schedule };
  const ofModel = TABLES.get(context.model) ?? new Map<AttentionPlan, Map<string, ScheduleTables>>();
  TABLES.set(context.model, ofModel);
  const ofPlan = ofModel.get(plan) ?? new Map<string, ScheduleTables>();
  ofModel.set(plan, ofPlan);
  const key = `${problem.kvHeads} ${options.bins} ${options.sharesPairs}`;
  const tables = ofPlan.get(key) ?? staticTables(context, problem, schedulePlan(problem, plan, options));
  ofPlan.set(key, tables);
  return tables;
}

/** Adds attention whose plan is made for each run. */
function emitDynamic(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): StepResult {
  const { main } = context;
  const schedule = (plan: AttentionPlan): Schedule => schedulePlan(problem, plan, DYNAMIC_LIMITS);
  const keyMask = onlyKeyMaskDecides(context.graph, node) ? context.input(node, 'keyMask') : undefined;
  const skips = keyMask === undefined ? undefined : hidesFewKeys;
  const tables = dynamicTables(context, node, problem, { schedule, options: DYNAMIC_LIMITS, skips });
  if (keyMask === undefined || tables.skipped === undefined)
    return emitScans(context, node, problem, tables, main);
  const ofAllKeys = tablesOf(context, node, problem, planOfAllKeys(context, node));
  const results = ({ out, lse }: StepResult): Name[] => (lse === undefined ? [out] : [out, lse]);
  const [out, lse] = emitIf(main, {
    condition: tables.skipped,
    outputs: problem.returnLse ? 2 : 1,
    whenTrue: (branch) => results(emitScans(context, node, problem, ofAllKeys, branch, keyMask)),
    whenFalse: (branch) => results(emitScans(context, node, problem, tables, branch)),
  });
  return { out, lse };
}

/**
 * Adds the scans of all bins, and brings their results into the order of queries.
 * @param keyMask a mask of keys that the plan does not know, [B, Nk]
 */
function emitScans(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  tables: ScheduleTables,
  scope: GraphScope,
  keyMask?: Name,
): StepResult {
  const { model, options } = context;
  const { batch, heads, queryLength, valueDim } = problem;
  const operands = new Map<Projection, ScanOperands>();
  const outs: Name[] = [];
  const lses: Name[] = [];
  const { portable } = options;
  for (const bin of tables.bins) {
    const { projection } = bin;
    const shared =
      operands.get(projection) ?? scanOperands(context, node, problem, projection, tables, scope, keyMask);
    operands.set(projection, shared);
    const { out, lse } = emitScan(scope, { problem, portable, tables: bin, operands: shared });
    outs.push(scope.reshape(out, [-1, valueDim]));
    if (lse !== undefined) lses.push(scope.reshape(lse, [-1]));
  }
  /**
   * The results of all bins in the order of queries. Where queries may see no key, `nothing` is their result,
   * appended after all others.
   */
  const collect = (parts: readonly Name[], nothing: () => Name, shape: readonly number[]): Name => {
    const { results } = tables;
    if (results !== undefined) {
      const all = scope.op('Concat', [...parts, nothing()], { axis: 0 });
      return scope.reshape(scope.op('Gather', [all, results]), shape);
    }
    return scope.reshape(parts.length === 1 ? parts[0] : scope.op('Concat', parts, { axis: 0 }), shape);
  };
  const rows = [batch, heads, queryLength];
  const zeros = (): Name => scope.op('Expand', [model.scalar(0), model.integers([1, valueDim])]);
  const minusInfinity = (): Name => scope.reshape(model.scalar(-Infinity), [1]);
  return {
    out: collect(outs, zeros, [...rows, valueDim]),
    lse: problem.returnLse ? collect(lses, minusInfinity, rows) : undefined,
  };
}

/** The operands that all scans of a projection read: rows of queries, and tiles of keys and values. */
function scanOperands(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  projection: Projection,
  { pools }: ScheduleTables,
  scope: GraphScope,
  keyMask: Name | undefined,
): ScanOperands {
  const { q, k, v } = rowTables(context, node, problem, projection);
  const pool = pools[projection];
  const tiled = (name: Name, dim: number): Name =>
    scope.reshape(pool?.rows === undefined ? name : scope.op('Gather', [name, pool.rows]), [-1, TILE, dim]);
  const values = tiled(v, problem.valueDim);
  const visibleKeys = pool && keyMask && emitVisibleKeys(scope, keyMask, problem, pool);
  return {
    queries: q,
    keys: tiled(k, problem.headDim),
    values: visibleKeys === undefined ? values : scope.op('Mul', [values, visibleKeys]),
    biases: pool === undefined ? undefined : biasTables(context, node, problem, pool, scope),
    visibleKeys,
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
