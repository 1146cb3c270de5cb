/**
 * The `attention` op: the plan's row blocks as `Scan`s over classes of equal numbers of tiles. Where data decides on the plan, the
 * schedule's tables are inputs of the model, filled in anew for each run, and the model stays as it is.
 */
import {
  attentionProblem,
  inputSpecs,
  TILE,
  type AttentionPlan,
  type AttentionProblem,
  type NodeOf,
  type Tensor,
} from '@attn/core';
import type { GraphScope, Name } from '../../model/model-builder.ts';
import type { LoweringContext } from '../context.ts';
import { emitFused, isFusable } from './fused.ts';
import { biasTables } from './bias-tables.ts';
import { emitLogits, type BiasTables } from './logits.ts';
import { rowTables, type RowTables } from './operands.ts';
import { schedule, type Projection, type Schedule, type ScheduleOptions } from './schedule.ts';
import { emitExact, emitFast, emitHasNaN, emitHidden, emitIf, type StepResult } from './softmax.ts';
import { dynamicTables, staticTables, type ClassTables, type ScheduleTables } from './tables.ts';

/** Inputs that decide on the plan. */
export const PLAN_INPUTS = ['keyMask', 'queryMask', 'globalMask', 'segmentIds', 'keyLengths'] as const;

/** Four row blocks of nine tiles are 2.4 MB of logits: enough work for a few threads, and still in the second cache. */
const STATIC: ScheduleOptions = { blocks: 4, tiles: 512, classes: 64 };
const DYNAMIC: ScheduleOptions = { blocks: 4, tiles: Infinity, classes: 4, isFixed: true };

/** Lowers one node. */
export function lowerAttention(context: LoweringContext, node: NodeOf<'attention'>): void {
  const { graph, main, options } = context;
  const specs = inputSpecs(graph, node);
  const problem = attentionProblem(specs, node.attributes);
  const { batch, heads, queryLength, keyLength, valueDim } = problem;
  if (batch * queryLength * keyLength === 0) {
    emitEmpty(context, node);
    return;
  }
  const data = PLAN_INPUTS.filter((name) => node.inputs[name] !== undefined);
  const isStatic = data.every((name) => graph.constants.has(node.inputs[name]));
  let tables: ScheduleTables;
  if (isStatic) {
    const { plan } = context.plans.plan(knownTensors(context, node), node.attributes);
    if (options.fusedDense && !options.portable && isFusable(node, problem, plan)) {
      finish(context, node, problem, { out: emitFused(context, node, problem) });
      return;
    }
    tables = staticTables(context, problem, schedule(problem, plan, { ...STATIC, ...options.schedule }));
  } else {
    tables = dynamicTables(
      context,
      node,
      problem,
      specs,
      (plan: AttentionPlan): Schedule => schedule(problem, plan, DYNAMIC),
      DYNAMIC,
    );
  }

  const operands = new Map<Projection, RowTables>();
  const results = tables.classes.map((each) => {
    const { projection } = each;
    const own = operands.get(projection) ?? rowTables(context, node, problem, projection);
    operands.set(projection, own);
    const pool = tables.pools[projection];
    const tiled = (name: Name, dim: number): Name =>
      main.reshape(pool?.rows === undefined ? name : main.op('Gather', [name, pool.rows]), [-1, TILE, dim]);
    const keyPositions = (): Name | undefined => pool?.positions();
    return { each, own, tiled, biases: biasTables(context, node, problem, keyPositions) };
  });
  const pooled = new Map<string, Name>();
  const once = (key: string, make: () => Name): Name => {
    const known = pooled.get(key) ?? make();
    pooled.set(key, known);
    return known;
  };
  const outs: Name[] = [];
  const lses: Name[] = [];
  for (const { each, own, tiled, biases } of results) {
    const keys = once(`${each.projection} k`, () => tiled(own.k, problem.headDim));
    const values = once(`${each.projection} v`, () => tiled(own.v, valueDim));
    const { out, lse } = emitScan(main, problem, options.portable, each, own.q, keys, values, biases);
    outs.push(main.reshape(out, [-1, valueDim]));
    if (lse !== undefined) lses.push(main.reshape(lse, [-1]));
  }
  const collect = (parts: readonly Name[], rest: Name, shape: readonly number[]): Name => {
    const isWhole = tables.results === undefined;
    const all =
      parts.length === 1 && isWhole
        ? parts[0]
        : main.op('Concat', isWhole ? parts : [...parts, rest], { axis: 0 });
    return main.reshape(tables.results === undefined ? all : main.op('Gather', [all, tables.results]), shape);
  };
  const zeros = main.op('Expand', [context.model.scalar(0), context.model.integers([1, valueDim])]);
  const out = collect(outs, zeros, [batch, heads, queryLength, valueDim]);
  const lse = problem.returnLse
    ? collect(lses, main.reshape(context.model.scalar(-Infinity), [1]), [batch, heads, queryLength])
    : undefined;
  finish(context, node, problem, { out, lse });
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

/** All row blocks of a class. Results [steps, G, 64, Dv] and [steps, G, 64]. */
function emitScan(
  scope: GraphScope,
  problem: AttentionProblem,
  portable: boolean,
  each: ClassTables,
  queries: Name,
  keys: Name,
  values: Name,
  biases: BiasTables,
): StepResult {
  const { headDim, valueDim, returnLse } = problem;
  const body = scope.body();
  const G = each.blocks;
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, type: Parameters<GraphScope['input']>[1]): Name | undefined => {
    if (name === undefined) return undefined;
    scanned.push(name);
    return body.input('step', type);
  };
  const rows = scan(each.rows, { dtype: 'i32', shape: [G, TILE] });
  const open = scan(each.open, { dtype: 'i32', shape: [G, each.openTiles] });
  const masked = scan(each.masked, { dtype: 'i32', shape: [G, each.maskedTiles] });
  const masks = scan(each.masks, { dtype: 'i32', shape: [G, each.maskedTiles] });
  const visible = scan(each.visible, { dtype: 'bool', shape: [G, TILE] });

  const gatherTiles = (pool: Name, tiles: Name, dim: number): Name =>
    body.reshape(body.op('Gather', [pool, tiles]), [G, -1, dim]);
  const q = body.op('Gather', [queries, rows ?? '']);
  const step = { q, rows: rows ?? '' };
  const parts = [open, masked].filter((part) => part !== undefined);
  const tiles = parts.length === 1 ? parts[0] : body.op('Concat', parts, { axis: 1 });
  const stepValues = gatherTiles(values, tiles, valueDim);
  const own = (part: Name): Name =>
    emitLogits(body, problem, portable, step, gatherTiles(keys, part, headDim), part, biases);

  // Masks are added to what they belong to: all logits where all row blocks share one, else those of the tiles that have any.
  let logits: Name;
  let hidden: Name | undefined;
  if (each.sharedMask !== undefined) {
    const plain = own(tiles);
    hidden = each.sharedMask;
    logits = body.op('Add', [plain, hidden]);
  } else if (masked !== undefined && masks !== undefined) {
    const cells = body.op('Gather', [each.table ?? '', masks]);
    // [G, T, 64, 64] → [G, 64, T·64].
    const tail = body.reshape(body.op('Transpose', [emitHidden(body, cells)], { perm: [0, 2, 1, 3] }), [
      G,
      TILE,
      -1,
    ]);
    const maskedLogits = body.op('Add', [own(masked), tail]);
    if (open === undefined) {
      logits = maskedLogits;
      hidden = tail;
    } else {
      logits = body.op('Concat', [own(open), maskedLogits], { axis: -1 });
      hidden = undefined;
    }
  } else {
    logits = own(tiles);
  }
  const tailOnly = each.sharedMask === undefined && masked !== undefined && open !== undefined;

  let fast = emitFast(body, logits, stepValues, returnLse);
  if (visible !== undefined && !returnLse) {
    const rowsVisible = body.op('Unsqueeze', [visible, body.model.integers([2])]);
    fast = { out: body.op('Where', [rowsVisible, fast.out, body.model.scalar(0)]) };
  }
  const outputs = [fast.out, ...(fast.lse === undefined ? [] : [fast.lse])];
  const chosen = emitIf(
    body,
    emitHasNaN(body, fast.out),
    outputs.length,
    (branch) => {
      const again = (part: Name): Name =>
        emitLogits(
          branch,
          problem,
          portable,
          step,
          branch.reshape(branch.op('Gather', [keys, part]), [G, -1, headDim]),
          part,
          biases,
        );
      const plain = again(tiles);
      let everywhere = hidden;
      if (tailOnly && masks !== undefined && open !== undefined) {
        const cells = branch.op('Gather', [each.table ?? '', masks]);
        const tail = branch.reshape(
          branch.op('Transpose', [emitHidden(branch, cells)], { perm: [0, 2, 1, 3] }),
          [G, TILE, -1],
        );
        const shown = branch.op('Expand', [branch.model.scalar(0), branch.op('Shape', [again(open)])]);
        everywhere = branch.op('Concat', [shown, tail], { axis: -1 });
      }
      const exact = emitExact(branch, plain, everywhere, stepValues, returnLse);
      return [exact.out, ...(exact.lse === undefined ? [] : [exact.lse])];
    },
    (branch) => outputs.map((name) => branch.op('Identity', [name])),
  );
  body.output(chosen[0], { dtype: 'f32', shape: [G, TILE, valueDim] });
  if (returnLse) body.output(chosen[1], { dtype: 'f32', shape: [G, TILE] });
  const [out, lse] = scope.ops('Scan', scanned, chosen.length, { num_scan_inputs: scanned.length, body });
  return { out, lse };
}

/** A node's inputs: constants with their data, all others without. */
export function knownTensors({ graph }: LoweringContext, node: NodeOf<'attention'>): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, id] of Object.entries(node.inputs)) {
    tensors[name] = graph.constants.get(id) ?? ({ ...graph.values[id], data: new Float32Array(0) } as Tensor);
  }
  return tensors;
}
