/**
 * The `lshAttention` op: the attention kernel on the chunks of each round, whose results are merged. What rounds leave behind is bounded:
 * heads, and rounds of a head that is too large, follow one another where they do not fit into scratch memory together.
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

export function emitLshAttention(context: ProgramContext, node: NodeOf<'lshAttention'>): NodeProgram {
  const problem = lshProblem(inputSpecs(context.graph, node), node.attributes);
  const { batch, heads, length } = problem;
  if (batch * heads * length === 0) return always();
  const call = new LshCall(context, node, problem);
  const dispatches: Dispatch[] = [];
  for (let first = 0; first < batch * heads; first += call.batches.members) {
    dispatches.push(...call.ofMembers(first, Math.min(call.batches.members, batch * heads - first)));
  }
  return always(...dispatches);
}

/** Floats that parts are merged by, for each token. */
const STATE = 2;

/** How much is done at a time. */
interface Batches {
  /** (Batch row, head)s. */
  readonly members: number;
  readonly rounds: number;
  /** Results that are kept: one for each round, and two for what was before and what comes out where there are several batches of rounds. */
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

/** Bytes of what a round of a head leaves behind: of its results or its states, whichever are more. */
function roundBytes({ length, valueDim }: LshProblem): number {
  return 4 * length * Math.max(valueDim, STATE);
}

/** Bytes of scratch that a head takes: results, keys, meetings. */
function memberBytes(problem: LshProblem, parts: number): readonly [number, number, number] {
  const { length, headDim, rounds } = problem;
  return [parts * roundBytes(problem), 4 * length * headDim, hasMeetings(problem) ? 8 * rounds * length : 0];
}

/** What a kernel cannot do on a device that binds so many bytes; undefined where there is nothing of the kind. */
export function lshObstacle(problem: LshProblem, bindingBytes: number): string | undefined {
  const { parts } = batchesOf(problem, scratchBytesOf(bindingBytes));
  const bytes = Math.max(...memberBytes(problem, parts));
  if (bytes > bindingBytes) {
    return `the rounds of a head take ${bytes} bytes, and this device binds at most ${bindingBytes}`;
  }
  const { listed, slots } = listOf(problem);
  return listed * slots >= 2 ** 31 ? `a round has ${listed} chunks of ${slots} tokens to look at` : undefined;
}

/** Most bytes of scratch of one kind. */
function scratchBytesOf(bindingBytes: number): number {
  return Math.min(bindingBytes, 2 ** 28);
}

function hasMeetings({ withinBuckets, duplicates }: LshProblem): boolean {
  return withinBuckets || duplicates !== 'each';
}

/** The chunks that a round sees: as many before and after its own as it looks at, where rounds are a cycle. */
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

/** One call and its scratch. */
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
    const [ofParts, ofKeys, ofMeetings] = memberBytes(problem, parts).map((bytes) => members * bytes);
    this.parts = new DeviceScratch(ofParts);
    this.partStates = new DeviceScratch(4 * STATE * members * parts * problem.length);
    this.keys = new DeviceScratch(ofKeys);
    this.meetings = new DeviceScratch(ofMeetings);
  }

  /** Everything for some heads. */
  ofMembers(firstMember: number, members: number): Dispatch[] {
    const { rounds } = this.problem;
    const atOnce = this.batches.rounds;
    const dispatches = [this.unitKeys(firstMember, members)];
    if (hasMeetings(this.problem)) dispatches.push(this.findMeetings(firstMember, members));
    for (let first = 0, turn = 0; first < rounds; first += atOnce, turn++) {
      const count = Math.min(atOnce, rounds - first);
      const isLast = first + count === rounds;
      // Where there are several turns, what one leaves is a part in front of the next one's rounds, or behind them, in turn.
      const isBehind = turn % 2 === 1;
      const firstSlot = count === rounds ? 0 : isBehind ? 1 + atOnce - count : 1;
      const merged =
        turn === 0 ? { first: firstSlot, count } : { first: isBehind ? firstSlot : 0, count: count + 1 };
      const target = isLast ? undefined : isBehind ? 0 : 1 + atOnce;
      dispatches.push(
        ...this.attend(firstMember, members, { first, count, firstSlot }),
        this.merge(firstMember, members, merged, target),
      );
    }
    return dispatches;
  }

  private unitKeys(firstMember: number, members: number): Dispatch {
    const { inputs } = this.node;
    const { length, headDim, heads, keyNorm } = this.problem;
    const qk = this.strides(headDim);
    const rows = members * length;
    return {
      kernel: unitKeysKernel(floatElementOf(this.context, inputs.qk), this.context.limits.subgroups),
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
      bindings: [inputs.qk, this.keys],
      grid: rowGrid(rows),
    };
  }

  private findMeetings(firstMember: number, members: number): Dispatch {
    const { order, buckets } = this.node.inputs;
    const { length, rounds, withinBuckets } = this.problem;
    const count = members * rounds * length;
    const { slots } = listOf(this.problem);
    const known = withinBuckets && buckets !== undefined ? [buckets] : [];
    return {
      kernel: meetingsKernel(known.length > 0),
      params: packParams(MEETINGS_PARAMS, { count, length, slots, firstRow: firstMember * rounds }),
      bindings: [order, ...known, this.meetings],
      grid: elementGrid(count),
    };
  }

  private attend(
    firstMember: number,
    members: number,
    { first, count, firstSlot }: Readonly<Record<'first' | 'count' | 'firstSlot', number>>,
  ): Dispatch[] {
    const { context, problem } = this;
    const { qk, v, order, mask } = this.node.inputs;
    const { length, headDim, valueDim, heads, rounds, scale } = problem;
    const { limits } = context;
    const chunks: ChunkOptions = { hasMeetings: hasMeetings(problem), hasMask: mask !== undefined };
    const options = workgroupOptions(limits, { headDim, valueDim }, chunks);
    const [q, values] = [this.strides(headDim), this.strides(valueDim)];
    const kernel = attentionKernel({
      ...options,
      input: floatElementOf(context, qk),
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
      qBatch: q.batch,
      qHead: q.head,
      qToken: q.row,
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
    const beside: Binding[] = [];
    if (chunks.hasMeetings) beside.push(this.meetings);
    if (mask !== undefined) beside.push(mask);
    const bindings = [qk, this.keys, v, order, ...beside, this.parts, this.partStates];
    const blocks = Math.ceil(length / options.rows);
    return gridParts(blocks, limits.mostGroups).map(({ first: firstBlock, count: blockCount }) => ({
      kernel,
      params: packParams(CHUNK_PARAMS, { ...params, firstBlock }),
      bindings,
      grid: [blockCount, members, count],
    }));
  }

  /** Merges parts into the output, or into a part. */
  private merge(
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
    const mask = inputs.mask === undefined ? [] : [inputs.mask];
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

  /** Elements of a part: of `out` and of the states. */
  private partSizes(members: number): { readonly splitOut: number; readonly splitStates: number } {
    const splitStates = members * this.problem.length;
    return { splitOut: splitStates * this.problem.valueDim, splitStates };
  }

  private strides(dim: number): ReturnType<typeof rowStrides> {
    const { layout, heads, length } = this.problem;
    return rowStrides(layout, heads, length, dim);
  }
}
