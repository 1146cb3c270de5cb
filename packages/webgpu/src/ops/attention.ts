/** The `attention` op: dispatches for each group of the plan, which share one table of the group's arrays. */
import type { AttentionPlan, Tensor } from '@attn/core';
import {
  inputSpecs,
  planTensors,
  tableInput,
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
import { bindInOrder, DeviceScratch, type Dispatch, type Operands } from '../graph/dispatch.ts';
import { attentionBuffers, attentionKernel } from '../kernels/attention/attention.wgsl.ts';
import {
  attentionWorkgroupBytes,
  type AttentionOptions,
  type ChunkOptions,
} from '../kernels/attention/options.ts';
import { PLAN_PARAMS, type PlanParams } from '../kernels/attention/tiles/plan.wgsl.ts';
import { FILL_PARAMS, fillKernel } from '../kernels/elementwise.ts';
import { MERGE_PARAMS, mergeBuffers, mergeKernel } from '../kernels/merge.ts';
import { elementGrid, gridParts, packParams, type FloatElement } from '../kernels/wgsl.ts';
import { biasParams, callParams, planTable } from './attention-params.ts';
import { scoreOptions } from './attention-score.ts';
import { BUSY_GROUPS } from './busy.ts';
import { memberRuns, piecesOf, type MemberSource } from './slices.ts';

export function emitAttention(context: ProgramContext, node: NodeOf<'attention'>): NodeProgram {
  const { graph } = context;
  let latest: { readonly plan: AttentionPlan; readonly dispatches: readonly Dispatch[] } | undefined;
  return {
    kind: 'planned',
    dispatches(inputs: Readonly<Record<string, Tensor>>): readonly Dispatch[] {
      const data = planTensors(graph, node, inputs);
      const { problem, plan } = context.plans.plan(inputSpecs(graph, node), node.attributes, data);
      if (latest?.plan !== plan) {
        const options = kernelOptions(context, node, problem);
        latest = { plan, dispatches: callDispatches({ context, node, problem, options }, plan) };
      }
      return latest.dispatches;
    },
  };
}

/** A call, and the variant of the kernel for it. */
interface Call {
  readonly context: ProgramContext;
  readonly node: NodeOf<'attention'>;
  readonly problem: AttentionProblem;
  readonly options: AttentionOptions;
}

function callDispatches(call: Call, plan: AttentionPlan): Dispatch[] {
  const { batch, heads, queryLength } = call.problem;
  const covered = plan.groups.reduce(
    (sum, { block, members }) => sum + (block.keyCount === 0 ? 0 : block.queryCount * members.length),
    0,
  );
  const isWhole = covered === batch * heads * queryLength;
  return [
    ...(isWhole ? [] : emptyRows(call)),
    ...plan.groups.flatMap((group) => groupDispatches(call, group)),
  ];
}

/** Fills the results with those of rows that see no key; groups then write all other rows. */
function emptyRows({ context, node }: Call): Dispatch[] {
  return node.outputs.flatMap((id, index) => {
    const kernel = fillKernel(elementOf(context, id));
    const source = sourceOf(context, id);
    return piecesOf(source, context.limits.bindingBytes).map((piece) => {
      const count = Math.floor(piece.bytes / source.elementBytes);
      const params = packParams(FILL_PARAMS, { count, value: index === 0 ? 0 : 0xff800000 });
      return { kernel, params, bindings: [piece], grid: elementGrid(count) };
    });
  });
}

/** Members of a group that one dispatch computes. */
interface GroupRun {
  readonly queryCount: number;
  readonly members: number;
  readonly params: PlanParams;
  /** What kernels bind, by the names of their buffers. */
  readonly operands: Operands;
}

function groupDispatches(call: Call, group: PlanGroup): Dispatch[] {
  const { context, node, problem } = call;
  const { block, members, projection } = group;
  const { queryCount, keyCount } = block;
  if (queryCount * keyCount * members.length === 0) return [];
  const suffix = projection === 'global' ? 'Global' : '';
  const { inputs, outputs } = node;
  const tables = scoreTables(node, problem);
  const [table, offsets] = planTable(
    group,
    tables.flatMap((id) => specOf(context, id).shape),
  );
  const params: PlanParams = {
    queryCount,
    keyCount,
    hasQueryIndex: block.queryIndex === undefined ? 0 : 1,
    hasKeyIndex: block.keyIndex === undefined ? 0 : 1,
    ...offsets,
    firstMember: 0,
    firstWorkgroup: 0,
    splits: 1,
    splitOut: 0,
    splitStates: 0,
    qFirst: 0,
    kFirst: 0,
    vFirst: 0,
    outFirst: 0,
    ...callParams(problem),
    ...biasParams(context, node, problem),
  };
  const sources = {
    q: sourceOf(context, inputs[`q${suffix}`]),
    k: sourceOf(context, inputs[`k${suffix}`]),
    v: sourceOf(context, inputs[`v${suffix}`]),
    out: sourceOf(context, outputs[0]),
  };
  const { alibiSlopes: slopes, relativeBias: relative, bias } = inputs;
  const tableById = Object.fromEntries(tables.map((id, index) => [`table${index}`, id]));
  const whole = { plan: table, slopes, relative, bias, ...tableById, lse: outputs[1] };
  const splits = splitsOf(group, workgroupsOf(call, queryCount) * members.length);
  return memberRuns(members, sources, params, problem, context.limits.bindingBytes).flatMap((slice) => {
    const run: GroupRun = {
      queryCount,
      members: slice.count,
      params: { ...params, ...slice.params },
      operands: { ...whole, ...slice.bindings },
    };
    return splits > 1 ? splitDispatches(call, run, splits) : runDispatches(call, run);
  });
}

/** Workgroups that the queries of a member take. */
function workgroupsOf({ options }: Call, queryCount: number): number {
  return Math.ceil(queryCount / options.rows);
}

function runDispatches(call: Call, { queryCount, members, params, operands }: GroupRun): Dispatch[] {
  const { options, context } = call;
  const kernel = attentionKernel(options);
  const bindings = bindInOrder(attentionBuffers(options), operands);
  return gridParts(workgroupsOf(call, queryCount), context.limits.mostGroups).map(({ first, count }) => ({
    kernel,
    params: packParams(PLAN_PARAMS, { ...params, firstWorkgroup: first }),
    bindings,
    grid: [count, members, 1],
  }));
}

function sourceOf(context: ProgramContext, id: ValueId): MemberSource {
  const bytes = deviceBytes(specOf(context, id), context.limits);
  return { id, bytes, elementBytes: elementOf(context, id) === 'f16' ? 2 : 4 };
}

/** The least tiles that are worth a workgroup of their own, and the merging that this takes. */
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
function splitDispatches(call: Call, run: GroupRun, splits: number): Dispatch[] {
  const { options } = call;
  const { batch, heads, queryLength, valueDim } = call.problem;
  const { queryCount, members, params, operands } = run;
  const rows = batch * heads * queryLength;
  const sizes = { splits, splitOut: rows * valueDim, splitStates: rows };
  const parts = new DeviceScratch(4 * splits * sizes.splitOut);
  const states = new DeviceScratch(8 * splits * sizes.splitStates);
  const count = members * queryCount * valueDim;
  const partOptions: AttentionOptions = { ...options, output: 'f32', state: 'part' };
  const mergeOptions = { hasLse: options.state === 'lse', storage: options.output };
  return [
    {
      kernel: attentionKernel(partOptions),
      params: packParams(PLAN_PARAMS, {
        ...params,
        ...sizes,
        outFirst: 0,
        outBatch: heads * queryLength * valueDim,
        outHead: queryLength * valueDim,
        outToken: valueDim,
      }),
      bindings: bindInOrder(attentionBuffers(partOptions), { ...operands, out: parts, states }),
      grid: [workgroupsOf(call, queryCount), members, splits],
    },
    {
      kernel: mergeKernel(mergeOptions),
      params: packParams(MERGE_PARAMS, {
        ...params,
        ...sizes,
        members: params.members + params.firstMember,
        count,
      }),
      bindings: bindInOrder(mergeBuffers(mergeOptions), { ...operands, parts, states }),
      grid: elementGrid(count),
    },
  ];
}

/** The tables of the score, in its order. */
function scoreTables({ inputs }: NodeOf<'attention'>, { score }: AttentionProblem): readonly ValueId[] {
  return Object.keys(score?.tables ?? {}).map((name) => inputs[tableInput(name)]);
}

function kernelOptions(
  context: ProgramContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): AttentionOptions {
  const { headDim, valueDim, score, returnLse } = problem;
  const { inputs, outputs } = node;
  const stored = (id: ValueId | undefined): FloatElement | undefined =>
    id === undefined ? undefined : floatElementOf(context, id);
  return {
    ...workgroupOptions(context.limits, { headDim, valueDim }),
    input: floatElementOf(context, inputs.q),
    output: storageOf(context, outputs[0]),
    alibi: stored(inputs.alibiSlopes),
    relative: stored(inputs.relativeBias),
    bias: stored(inputs.bias),
    score:
      score &&
      scoreOptions(
        score,
        scoreTables(node, problem).map((id) =>
          specOf(context, id).dtype === 'i32' ? 'i32' : floatElementOf(context, id),
        ),
      ),
    state: returnLse ? 'lse' : undefined,
  };
}

/** The shape of the workgroups of a call, as shared memory and the device allow. */
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
    attentionWorkgroupBytes({ rows, groups, depth, chunks }) <= workgroupBytes;
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
