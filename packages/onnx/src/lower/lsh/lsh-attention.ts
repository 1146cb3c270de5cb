/**
 * Lowers the `lshAttention` op to a `Scan` over groups of heads, in which another `Scan` attends chunk by
 * chunk. So memory never holds all logits, nor the results of all rounds of all heads.
 */
import { inputSpecs, lshProblem, type LshProblem, type NodeOf } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name, ValueType } from '../../model/values.ts';
import { headsFirst } from '../attention/operands.ts';
import { emitIf } from '../attention/softmax.ts';
import type { LoweringContext } from '../context.ts';
import { binLists, placeTables } from './lists.ts';
import { emitMean, emitSum } from './merge.ts';
import { scheduleChunks } from './schedule.ts';
import type { StepContext } from './step-context.ts';
import { emitBoundedScans, emitGeneralScans } from './steps.ts';
import { emitTables, type GroupInputs } from './tables.ts';

/** Lowers one `lshAttention` node. */
export function lowerLshAttention(context: LoweringContext, node: NodeOf<'lshAttention'>): void {
  const { main, model, options } = context;
  const problem = lshProblem(inputSpecs(context.graph, node), node.attributes);
  const { batch, heads, length, headDim, valueDim, rounds, layout, withinBuckets } = problem;
  if (batch * length === 0) {
    node.outputs.forEach((id, index) => {
      const fill = model.scalar(index === 0 ? 0 : -Infinity);
      context.setComputed(id, main.op('Expand', [fill, model.integers(context.spec(id).shape)]));
    });
    return;
  }
  const mask = context.input(node, 'keyMask');
  const plan = scheduleChunks(problem, { hidesKeys: mask !== undefined, stepLogits: options.stepLogits });
  const places = placeTables(main, problem, plan);

  const body = main.body();
  const scanned: Name[] = [];
  const scan = (name: Name, dtype: ValueType['dtype'], shape: readonly number[]): Name => {
    scanned.push(main.reshape(name, [plan.groups, plan.heads, ...shape]));
    return body.input('group', { dtype, shape: [plan.heads, ...shape] });
  };
  const buckets = withinBuckets ? context.input(node, 'buckets') : undefined;
  const groupInputs: GroupInputs = {
    qk: scan(headsFirst(context, node.inputs.q, problem), 'f32', [length, headDim]),
    v: scan(headsFirst(context, node.inputs.v, problem), 'f32', [length, valueDim]),
    order: scan(context.value(node.inputs.order), 'i32', [rounds, length]),
    buckets: buckets && scan(buckets, 'i32', [rounds, length]),
    visible: mask && scan(visibleTokens(main, mask, problem), 'bool', [length]),
  };
  const tables = emitTables(body, problem, plan, groupInputs, places);
  const results = emitRounds(body, {
    problem,
    plan,
    tables,
    lists: plan.bins.map((bin) => binLists(main, problem, plan, bin)),
    portable: options.portable,
  });
  results.forEach((name, index) =>
    body.output(name, { dtype: 'f32', shape: [plan.heads, length, ...(index === 0 ? [valueDim] : [])] }),
  );
  const [out, lse] = main.ops('Scan', scanned, results.length, { num_scan_inputs: scanned.length, body });

  const [outId, lseId] = node.outputs;
  if (lse !== undefined) context.setComputed(lseId, main.reshape(lse, [batch, heads, length]));
  const byHead = main.reshape(out, [batch, heads, length, valueDim]);
  context.setComputed(
    outId,
    layout === 'bhnd' ? byHead : main.op('Transpose', [byHead], { perm: [0, 2, 1, 3] }),
  );
}

/**
 * Attends in the form that the numbers allow. The results are out [heads, N, Dv] and, where the call returns
 * it, lse [heads, N].
 */
function emitRounds(body: GraphScope, context: StepContext): Name[] {
  const { problem, plan, tables } = context;
  const { isBounded } = tables;
  const bounded = (scope: GraphScope): Name[] =>
    emitSum(scope, problem, tables, emitBoundedScans(scope, context));
  const general = (scope: GraphScope): Name[] => {
    const exact = emitMean(scope, problem, tables, emitGeneralScans(scope, context));
    if (plan.heads === 1) return exact;
    // Bounded heads keep their bounded results, so that the contents of one head change no bit of another.
    return bounded(scope).map((name, index) => {
      const axes = scope.model.integers(index === 0 ? [1, 2] : [1]);
      return scope.op('Where', [scope.op('Unsqueeze', [isBounded, axes]), name, exact[index]]);
    });
  };
  const areBounded = body.op('ReduceMin', [body.cast(isBounded, 'i32')], { keepdims: 0 });
  return emitIf(body, {
    condition: body.cast(areBounded, 'bool'),
    outputs: problem.returnLse ? 2 : 1,
    whenTrue: bounded,
    whenFalse: general,
  });
}

/** A mask [B, N] as bool for each head: [B, H, N]. */
function visibleTokens(main: GraphScope, mask: Name, { batch, heads, length }: LshProblem): Name {
  const tokens = main.reshape(main.cast(mask, 'bool'), [batch, 1, length]);
  return main.op('Expand', [tokens, main.model.integers([batch, heads, length])]);
}
