/**
 * The `lshAttention` op: the attention kernel on the chunks of each round, whose results are merged. Scratch
 * memory is bounded: heads that do not fit into it together follow one another, and so do the rounds of a
 * head that is too large.
 */
import { inputSpecs, lshProblem, rowStrides, type LshProblem, type NodeOf } from '@attn/core/backend';
import {
  always,
  floatElementOf,
  storageOf,
  type NodeProgram,
  type ProgramContext,
} from '../graph/context.ts';
import { DeviceScratch, type Binding, type Dispatch } from '../graph/dispatch.ts';
import { CHUNK_PARAMS } from '../kernels/attention/from-chunks.ts';
import { attentionKernel } from '../kernels/attention/kernel.ts';
import type { ChunkOptions } from '../kernels/attention/options.ts';
import { MEETINGS_PARAMS, meetingsKernel } from '../kernels/lsh/meetings.ts';
import { MERGE_ROUNDS_PARAMS, mergeRoundsKernel } from '../kernels/lsh/merge-rounds.ts';
import { rowGrid, UNIT_KEYS_PARAMS, unitKeysKernel } from '../kernels/rows.ts';
import { elementGrid, gridParts, MOST_GROUPS, packParams } from '../kernels/wgsl.ts';
import { workgroupOptions } from './attention.ts';

/** The dispatches of an `lshAttention` node. */
export function emitLshAttention(context: ProgramContext, node: NodeOf<'lshAttention'>): NodeProgram {
  const problem = lshProblem(inputSpecs(context.graph, node), node.attributes);
  const { batch, heads, length } = problem;
  if (batch * heads * length === 0) return always();
  const call = new LshCall(context, node, problem);
  const dispatches: Dispatch[] = [];
  for (let first = 0; first < batch * heads; first += call.batches.members) {
    dispatches.push(...call.dispatchesFor(first, Math.min(call.batches.members, batch * heads - first)));
  }
  return always(...dispatches);
}

/** Floats of a token's state, with which parts are merged. */
const STATE_FLOATS = 2;

/** How many heads and rounds are in scratch memory at a time. */
interface Batches {
  /** Members, that is, heads of a batch row. */
  readonly members: number;
  readonly rounds: number;
  /**
   * Results in scratch memory: one for each round, and with several batches of rounds two more for merged
   * ones.
   */
  readonly parts: number;
}

function batchesOf(problem: LshProblem, scratchBytes: number): Batches {
  const { batch, heads, rounds } = problem;
  const fit = Math.min(MOST_GROUPS, Math.floor(scratchBytes / roundBytes(problem)));
  if (fit < rounds) {
    const atOnce = Math.max(1, fit - 2);
    return { members: 1, rounds: atOnce, parts: atOnce + 2 };
  }
  const largest = Math.max(...memberBytes(problem, rounds));
  const members = Math.min(batch * heads, MOST_GROUPS, Math.floor(scratchBytes / largest));
  return { members: Math.max(1, members), rounds, parts: rounds };
}

/** Bytes of the results of one round of a head, or of its states, whichever are more. */
function roundBytes({ length, valueDim }: LshProblem): number {
  return 4 * length * Math.max(valueDim, STATE_FLOATS);
}

/** Bytes of scratch memory of a head: for results, keys and meetings. */
function memberBytes(problem: LshProblem, parts: number): readonly [number, number, number] {
  const { length, headDim, rounds } = problem;
  return [parts * roundBytes(problem), 4 * length * headDim, hasMeetings(problem) ? 8 * rounds * length : 0];
}

/** Why a device that binds at most `bindingBytes` cannot run a call, in a sentence; undefined if it can. */
export function lshObstacle(problem: LshProblem, bindingBytes: number): string | undefined {
  const { parts } = batchesOf(problem, scratchBytesOf(bindingBytes));
  const bytes = Math.max(...memberBytes(problem, parts));
  if (bytes > bindingBytes) {
    return `the rounds of a head take ${bytes} bytes, and this device binds at most ${bindingBytes}`;
  }
  const { listed, slots } = listOf(problem);
  return listed * slots >= 2 ** 31 ? `a round has ${listed} chunks of ${slots} tokens to look at` : undefined;
}

/** Most bytes of one kind of scratch memory. */
function scratchBytesOf(bindingBytes: number): number {
  return Math.min(bindingBytes, 2 ** 28);
}

function hasMeetings({ withinBuckets, duplicates }: LshProblem): boolean {
  return withinBuckets || duplicates !== 'each';
}

/**
 * The list of chunks that a round sees. Where rounds form a cycle, it begins before the round's own chunks
 * and ends after them, by as many as queries look back and ahead.
 */
function listOf({ length, chunkLength, chunks, rounds, chunksBefore, chunksAfter, wrap }: LshProblem) {
  const lead = wrap ? chunksBefore : 0;
  const cycle = rounds * chunks;
  return {
    chunks,
    slots: Math.min(chunkLength, length),
    cycle,
    listed: lead + chunks + (wrap ? chunksAfter : 0),
    lead,
    behind: (cycle - (lead % cycle)) % cycle,
  };
}

/** One call and its scratch memory. */
class LshCall {
  readonly batches: Batches;
  private readonly context: ProgramContext;
  private readonly node: NodeOf<'lshAttention'>;
  private readonly problem: LshProblem;
  private readonly parts: DeviceScratch;
  private readonly partStates: DeviceScratch;
  private readonly keys: DeviceScratch;
  private readonly meetings: DeviceScratch;

  constructor(context: ProgramContext, node: NodeOf<'lshAttention'>, problem: LshProblem) {
    this.context = context;
    this.node = node;
    this.problem = problem;
    this.batches = batchesOf(problem, scratchBytesOf(context.limits.bindingBytes));
    const { members, parts } = this.batches;
    const [partBytes, keyBytes, meetingBytes] = memberBytes(problem, parts).map((bytes) => members * bytes);
    this.parts = new DeviceScratch(partBytes);
    this.partStates = new DeviceScratch(4 * STATE_FLOATS * members * parts * problem.length);
    this.keys = new DeviceScratch(keyBytes);
    this.meetings = new DeviceScratch(meetingBytes);
  }

  /** All dispatches for some consecutive members. */
  dispatchesFor(firstMember: number, members: number): Dispatch[] {
    const { rounds } = this.problem;
    const atOnce = this.batches.rounds;
    const dispatches = [this.unitKeysDispatch(firstMember, members)];
    if (hasMeetings(this.problem)) dispatches.push(this.meetingsDispatch(firstMember, members));
    for (let first = 0, batch = 0; first < rounds; first += atOnce, batch++) {
      const count = Math.min(atOnce, rounds - first);
      const isLast = first + count === rounds;
      // The merged result of a batch is a part of the next one: alternately in front of its rounds and behind
      // them.
      const isBehind = batch % 2 === 1;
      const firstSlot = count === rounds ? 0 : isBehind ? 1 + atOnce - count : 1;
      const merged =
        batch === 0 ? { first: firstSlot, count } : { first: isBehind ? firstSlot : 0, count: count + 1 };
      const target = isLast ? undefined : isBehind ? 0 : 1 + atOnce;
      dispatches.push(
        ...this.attentionDispatches(firstMember, members, { first, count, firstSlot }),
        this.mergeDispatch(firstMember, members, merged, target),
      );
    }
    return dispatches;
  }

  private unitKeysDispatch(firstMember: number, members: number): Dispatch {
    const { inputs } = this.node;
    const { length, headDim, heads, keyNorm } = this.problem;
    const qk = this.strides(headDim);
    const rows = members * length;
    return {
      kernel: unitKeysKernel({
        x: floatElementOf(this.context, inputs.q),
        subgroups: this.context.limits.subgroups,
      }),
      params: packParams(UNIT_KEYS_PARAMS, {
        rows,
        length: headDim,
        tokens: length,
        heads,
        firstMember,
        xBatch: qk.batch,
        xHead: qk.head,
        xToken: qk.row,
        eps: keyNorm === 'rms' ? headDim * 1e-6 : 0,
      }),
      bindings: [inputs.q, this.keys],
      grid: rowGrid(rows),
    };
  }

  private meetingsDispatch(firstMember: number, members: number): Dispatch {
    const { order, buckets } = this.node.inputs;
    const { length, rounds, withinBuckets } = this.problem;
    const count = members * rounds * length;
    const { slots } = listOf(this.problem);
    const bucketBindings = withinBuckets && buckets !== undefined ? [buckets] : [];
    return {
      kernel: meetingsKernel({ hasBuckets: bucketBindings.length > 0 }),
      params: packParams(MEETINGS_PARAMS, { count, length, slots, firstRow: firstMember * rounds }),
      bindings: [order, ...bucketBindings, this.meetings],
      grid: elementGrid(count),
    };
  }

  private attentionDispatches(
    firstMember: number,
    members: number,
    { first, count, firstSlot }: Readonly<Record<'first' | 'count' | 'firstSlot', number>>,
  ): Dispatch[] {
    const { context, problem } = this;
    const { q, v, order, keyMask } = this.node.inputs;
    const { length, headDim, valueDim, heads, rounds, scale } = problem;
    const { limits } = context;
    const chunks: ChunkOptions = { hasMeetings: hasMeetings(problem), hasMask: keyMask !== undefined };
    const options = workgroupOptions(limits, { headDim, valueDim }, chunks);
    const [queries, values] = [this.strides(headDim), this.strides(valueDim)];
    const kernel = attentionKernel({
      ...options,
      input: floatElementOf(context, q),
      output: 'f32',
      alibi: undefined,
      relative: undefined,
      bias: undefined,
      state: 'part',
    });
    const params = {
      headDim,
      valueDim,
      queryCount: length,
      heads,
      firstMember,
      firstRound: first,
      firstSlot,
      rounds,
      ...listOf(problem),
      before: problem.chunksBefore,
      after: problem.chunksAfter,
      causal: Number(problem.causal),
      withinBuckets: Number(problem.withinBuckets),
      once: Number(problem.duplicates === 'once'),
      byCount: Number(problem.duplicates === 'lucidrains'),
      qBatch: queries.batch,
      qHead: queries.head,
      qToken: queries.row,
      kHead: length * headDim,
      kToken: headDim,
      vBatch: values.batch,
      vHead: values.head,
      vToken: values.row,
      ...this.partSizes(members),
      outHead: length * valueDim,
      outToken: valueDim,
      scale,
    };
    const optional: Binding[] = [];
    if (chunks.hasMeetings) optional.push(this.meetings);
    if (keyMask !== undefined) optional.push(keyMask);
    const bindings = [q, this.keys, v, order, ...optional, this.parts, this.partStates];
    const blocks = Math.ceil(length / options.rows);
    return gridParts(blocks, limits.mostGroups).map(({ first: firstBlock, count: blockCount }) => ({
      kernel,
      params: packParams(CHUNK_PARAMS, { ...params, firstBlock }),
      bindings,
      grid: [blockCount, members, count],
    }));
  }

  /** The dispatch that merges parts into the output, or into the part `target`. */
  private mergeDispatch(
    firstMember: number,
    members: number,
    merged: { readonly first: number; readonly count: number },
    target: number | undefined,
  ): Dispatch {
    const { inputs, outputs } = this.node;
    const { length, valueDim, heads, returnLse } = this.problem;
    const { splitOut, splitStates } = this.partSizes(members);
    const values = this.strides(valueDim);
    const storage = storageOf(this.context, outputs[0]);
    const mask = inputs.keyMask === undefined ? [] : [inputs.keyMask];
    return {
      kernel: mergeRoundsKernel({ hasMask: mask.length > 0, hasLse: returnLse, storage }),
      params: packParams(MERGE_ROUNDS_PARAMS, {
        count: splitOut,
        parts: merged.count,
        firstOut: merged.first * splitOut,
        firstState: merged.first * splitStates,
        splitOut,
        splitStates,
        isPart: target === undefined ? 0 : 1,
        targetOut: (target ?? 0) * splitOut,
        targetState: (target ?? 0) * splitStates,
        firstMember,
        heads,
        length,
        valueDim,
        outBatch: values.batch,
        outHead: values.head,
        outToken: values.row,
      }),
      bindings: [inputs.v, ...mask, this.parts, this.partStates, ...outputs],
      grid: elementGrid(splitOut),
    };
  }

  /** Distances between parts in elements: of the results, and of the states. */
  private partSizes(members: number): { readonly splitOut: number; readonly splitStates: number } {
    const splitStates = members * this.problem.length;
    return { splitOut: splitStates * this.problem.valueDim, splitStates };
  }

  private strides(dim: number): ReturnType<typeof rowStrides> {
    const { layout, heads, length } = this.problem;
    return rowStrides(layout, heads, length, dim);
  }
}
