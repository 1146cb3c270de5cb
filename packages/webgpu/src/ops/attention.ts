/** The `attention` op: a dispatch for each group of the plan, whose arrays become one table. */
import { type AttentionPlan, type Tensor } from '@attn/core';
import {
  inputSpecs,
  planTensors,
  type AttentionProblem,
  type NodeOf,
  type PlanGroup,
  type ValueId,
} from '@attn/core/backend';
import {
  elementOf,
  floatElementOf,
  specOf,
  storageOf,
  type KernelLimits,
  type NodeProgram,
  type ProgramContext,
} from '../graph/context.ts';
import { deviceBytes } from '../graph/device-format.ts';
import { DeviceScratch, type Binding, type Dispatch } from '../graph/dispatch.ts';
import { attentionKernel } from '../kernels/attention/kernel.ts';
import {
  attentionWorkgroupBytes,
  type AttentionOptions,
  type ChunkOptions,
} from '../kernels/attention/options.ts';
import { ATTENTION_PARAMS } from '../kernels/attention/params.ts';
import { FILL_PARAMS, fillKernel } from '../kernels/elementwise.ts';
import { MERGE_PARAMS, mergeKernel } from '../kernels/merge.ts';
import { elementGrid, gridParts, packParams, type FloatElement, type Params } from '../kernels/wgsl.ts';
import { biasParams, planTable, sizeParams } from './attention-params.ts';
import { BUSY_GROUPS } from './busy.ts';
import { memberRuns, piecesOf, type MemberSource } from './slices.ts';

export function emitAttention(context: ProgramContext, node: NodeOf<'attention'>): NodeProgram {
  const { graph } = context;
  let made: { readonly plan: AttentionPlan; readonly dispatches: readonly Dispatch[] } | undefined;
  return {
    kind: 'planned',
    dispatches(inputs: Readonly<Record<string, Tensor>>): readonly Dispatch[] {
      const data = planTensors(graph, node, inputs);
      const { problem, plan } = context.plans.plan(inputSpecs(graph, node), node.attributes, data);
      if (made?.plan !== plan) made = { plan, dispatches: dispatchesOf(context, node, problem, plan) };
      return made.dispatches;
    },
  };
}

function dispatchesOf(
  context: ProgramContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  plan: AttentionPlan,
): Dispatch[] {
  const { batch, heads, queryLength } = problem;
  const covered = plan.groups.reduce(
    (sum, { block, members }) => sum + (block.keyCount === 0 ? 0 : block.queryCount * members.length),
    0,
  );
  const isWhole = covered === batch * heads * queryLength;
  return [
    ...(isWhole ? [] : emptyRows(context, node)),
    ...plan.groups.flatMap((group) => groupDispatches(context, node, problem, group)),
  ];
}

/** What rows hold that no group computes: they see no key. */
function emptyRows(context: ProgramContext, { outputs }: NodeOf<'attention'>): Dispatch[] {
  return outputs.flatMap((id, index) => {
    const kernel = fillKernel(elementOf(context, id));
    const source = sourceOf(context, id);
    return piecesOf(source, context.limits.bindingBytes).map((piece) => {
      const count = Math.floor(piece.bytes / source.elementBytes);
      const params = packParams(FILL_PARAMS, { count, value: index === 0 ? 0 : 0xff800000 });
      return { kernel, params, bindings: [piece], grid: elementGrid(count) };
    });
  });
}

function groupDispatches(
  context: ProgramContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  group: PlanGroup,
): Dispatch[] {
  const { block, members, projection } = group;
  const { queryCount, keyCount } = block;
  if (queryCount * keyCount * members.length === 0) return [];
  const suffix = projection === 'global' ? 'Global' : '';
  const { inputs, outputs } = node;
  const options = kernelOptions(context, node, problem);
  const [table, offsets] = planTable(group);
  const biases = ['alibiSlopes', 'relativeBias', 'bias'].flatMap((name) => inputs[name] ?? []);
  const [out, ...lse] = outputs;
  const params: Params<typeof ATTENTION_PARAMS> = {
    queryCount,
    keyCount,
    hasQueryIndex: block.queryIndex === undefined ? 0 : 1,
    hasKeyIndex: block.keyIndex === undefined ? 0 : 1,
    ...offsets,
    firstMember: 0,
    firstBlock: 0,
    splits: 1,
    splitOut: 0,
    splitStates: 0,
    qFirst: 0,
    kFirst: 0,
    vFirst: 0,
    outFirst: 0,
    ...sizeParams(problem),
    ...biasParams(context, node, problem),
  };
  const blocks = Math.ceil(queryCount / options.rows);
  const splits = splitsOf(group, blocks * members.length);
  const operands = {
    q: sourceOf(context, inputs[`q${suffix}`]),
    k: sourceOf(context, inputs[`k${suffix}`]),
    v: sourceOf(context, inputs[`v${suffix}`]),
    out: sourceOf(context, out),
  };
  return memberRuns(members, operands, params, problem, context.limits.bindingBytes).flatMap((run) => {
    const { q, k, v, out } = run.bindings;
    const read = [q, k, v, table, ...biases];
    const told = { ...params, ...run.params };
    if (splits > 1) {
      return splitDispatches(problem, queryCount, run.count, options, told, read, [out, ...lse], splits);
    }
    const kernel = attentionKernel(options);
    return gridParts(blocks, context.limits.mostGroups).map(({ first: firstBlock, count }) => ({
      kernel,
      params: packParams(ATTENTION_PARAMS, { ...told, firstBlock }),
      bindings: [...read, out, ...lse],
      grid: [count, run.count, 1],
    }));
  });
}

function sourceOf(context: ProgramContext, id: ValueId): MemberSource {
  const bytes = deviceBytes(specOf(context, id), context.limits);
  return { id, bytes, elementBytes: elementOf(context, id) === 'f16' ? 2 : 4 };
}

/** Tiles that a workgroup should have at least, for its share to be worth merging. */
const LEAST_TILES = 4;

/** How many workgroups share the tiles of a row block. */
function splitsOf({ block }: PlanGroup, workgroups: number): number {
  const { tiles, rowBlocks } = block.stats;
  return Math.max(
    1,
    Math.min(Math.ceil(BUSY_GROUPS / workgroups), Math.floor(tiles / rowBlocks / LEAST_TILES)),
  );
}

/** Few queries and many keys: workgroups share the keys of a row block, and their results are merged. */
function splitDispatches(
  { batch, heads, queryLength, valueDim }: AttentionProblem,
  queryCount: number,
  members: number,
  options: AttentionOptions,
  params: Params<typeof ATTENTION_PARAMS>,
  operands: readonly Binding[],
  outputs: readonly Binding[],
  splits: number,
): Dispatch[] {
  const rows = batch * heads * queryLength;
  const [splitOut, splitStates] = [rows * valueDim, rows];
  const table = operands[3];
  const parts = new DeviceScratch(4 * splits * splitOut);
  const partStates = new DeviceScratch(8 * splits * splitStates);
  const count = members * queryCount * valueDim;
  return [
    {
      kernel: attentionKernel({ ...options, output: 'f32', state: 'part' }),
      params: packParams(ATTENTION_PARAMS, {
        ...params,
        splits,
        splitOut,
        splitStates,
        outFirst: 0,
        outBatch: heads * queryLength * valueDim,
        outHead: queryLength * valueDim,
        outToken: valueDim,
      }),
      bindings: [...operands, parts, partStates],
      grid: [Math.ceil(queryCount / options.rows), members, splits],
    },
    {
      kernel: mergeKernel({ hasLse: options.state === 'lse', storage: options.output }),
      params: packParams(MERGE_PARAMS, {
        ...params,
        members: params.members + params.firstMember,
        count,
        splits,
        splitOut,
        splitStates,
      }),
      bindings: [parts, partStates, table, ...outputs],
      grid: elementGrid(count),
    },
  ];
}

function kernelOptions(
  context: ProgramContext,
  { inputs, outputs }: NodeOf<'attention'>,
  { headDim, valueDim, returnLse }: AttentionProblem,
): AttentionOptions {
  const stored = (id: ValueId | undefined): FloatElement | undefined =>
    id === undefined ? undefined : floatElementOf(context, id);
  return {
    ...workgroupOptions(context.limits, { headDim, valueDim }),
    input: floatElementOf(context, inputs.q),
    output: storageOf(context, outputs[0]),
    alibi: stored(inputs.alibiSlopes),
    relative: stored(inputs.relativeBias),
    bias: stored(inputs.bias),
    state: returnLse ? 'lse' : undefined,
  };
}

/** How workgroups of a call are cut. */
export function workgroupOptions(
  limits: KernelLimits,
  { headDim, valueDim }: { readonly headDim: number; readonly valueDim: number },
  chunks?: ChunkOptions,
): Pick<
  AttentionOptions,
  'wholeHeads' | 'wholeValues' | 'groups' | 'rows' | 'depth' | 'subgroups' | 'chunks'
> {
  const groups = Math.ceil(valueDim / 64);
  const { workgroupBytes, attentionRows, subgroups, isSoftware } = limits;
  const fits = (rows: 64 | 32 | 16, depth: 4 | 8): boolean =>
    attentionWorkgroupBytes({ rows, depth, chunks }) <= workgroupBytes;
  const rows = ([64, 32, 16] as const).find((count) => count <= attentionRows && fits(count, 4)) ?? 16;
  return {
    wholeHeads: !isSoftware && headDim % 4 === 0,
    wholeValues: !isSoftware && valueDim % 4 === 0,
    groups,
    rows,
    // More at a time are fewer waits; software compiles them more slowly.
    depth: !isSoftware && fits(rows, 8) ? 8 : 4,
    subgroups,
    chunks,
  };
}
