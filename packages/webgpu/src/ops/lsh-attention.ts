/**
 * The `lshAttention` op: the attention kernel on the chunks of each round, whose results are merged. The
 * scratch memory that rounds take is bounded: where all of it does not fit, heads are computed one batch
 * after another, and so are the rounds of a head that is too large.
 */
import { inputSpecs, lshProblem, rowStrides, type LshProblem, type NodeOf } from '@attn/core/backend';
import {
  always,
  floatElementOf,
  storageOf,
  type NodeProgram,
  type ProgramContext,
} from '../graph/context.ts';
import { bindInOrder, DeviceScratch, type Dispatch } from '../graph/dispatch.ts';
import { attentionBuffers, attentionKernel } from '../kernels/attention/attention.wgsl.ts';
import type { AttentionOptions, ChunkOptions } from '../kernels/attention/options.ts';
import { CHUNK_PARAMS, type ChunkParams } from '../kernels/attention/tiles/chunks.wgsl.ts';
import { MEETINGS_PARAMS, meetingsKernel } from '../kernels/lsh/meetings.ts';
import { MERGE_ROUNDS_PARAMS, mergeRoundsBuffers, mergeRoundsKernel } from '../kernels/lsh/merge-rounds.ts';
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
    const count = Math.min(call.batches.members, batch * heads - first);
    dispatches.push(...call.computeMembers({ first, count }));
  }
  return always(...dispatches);
}

/** Floats of a state, by which parts are merged: each token of each part has one. */
const STATE = 2;

/** Members and rounds that are computed together. A member is a head of a batch row. */
interface Batches {
  readonly members: number;
  readonly rounds: number;
  /**
   * Parts that scratch memory holds: one for each round of a batch and, where there are several batches of
   * rounds, one more for what the batches before it gave, and one for what it gives.
   */
  readonly parts: number;
}

/** Consecutive members or parts. */
interface Range {
  readonly first: number;
  readonly count: number;
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

/** Bytes that a round of a head takes: those of its results or those of its states, whichever are more. */
function roundBytes({ length, valueDim }: LshProblem): number {
  return 4 * length * Math.max(valueDim, STATE);
}

/** Bytes of scratch memory that a head takes: of results, of keys, and of meetings. */
function memberBytes(problem: LshProblem, parts: number): readonly [number, number, number] {
  const { length, headDim, rounds } = problem;
  return [parts * roundBytes(problem), 4 * length * headDim, hasMeetings(problem) ? 8 * rounds * length : 0];
}

/** Why a device with bindings of at most so many bytes cannot compute a call; undefined where it can. */
export function lshObstacle(problem: LshProblem, bindingBytes: number): string | undefined {
  const { parts } = batchesOf(problem, scratchBytesOf(bindingBytes));
  const bytes = Math.max(...memberBytes(problem, parts));
  if (bytes > bindingBytes) {
    return `the rounds of a head take ${bytes} bytes, and this device binds at most ${bindingBytes}`;
  }
  const { listed, slots } = chunkList(problem);
  return listed * slots >= 2 ** 31 ? `a round has ${listed} chunks of ${slots} tokens to look at` : undefined;
}

/** The bytes that each kind of scratch memory may take. */
function scratchBytesOf(bindingBytes: number): number {
  return Math.min(bindingBytes, 2 ** 28);
}

function hasMeetings({ withinBuckets, duplicates }: LshProblem): boolean {
  return withinBuckets || duplicates !== 'each';
}

/**
 * The list of chunks that a round sees: its own and, where rounds are a cycle, as many before and after them
 * as a chunk looks at.
 */
function chunkList({ length, chunkLength, chunks, rounds, chunksBefore, chunksAfter, wrap }: LshProblem) {
  const lead = wrap ? chunksBefore : 0;
  const cycle = rounds * chunks;
  return {
    chunks,
    slots: Math.min(chunkLength, length),
    cycle,
    listed: lead + chunks + (wrap ? chunksAfter : 0),
    lead,
    listStart: (cycle - (lead % cycle)) % cycle,
  };
}

/** One call, and the scratch memory that its dispatches share. */
class LshCall {
  readonly batches: Batches;
  private readonly context: ProgramContext;
  private readonly node: NodeOf<'lshAttention'>;
  private readonly problem: LshProblem;
  private readonly parts: DeviceScratch;
  private readonly states: DeviceScratch;
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
    this.states = new DeviceScratch(4 * STATE * members * parts * problem.length);
    this.keys = new DeviceScratch(keyBytes);
    this.meetings = new DeviceScratch(meetingBytes);
  }

  /**
   * All dispatches for some members: keys and meetings, then attention and merging for each batch of rounds.
   */
  computeMembers(members: Range): Dispatch[] {
    const { rounds } = this.problem;
    const atOnce = this.batches.rounds;
    const dispatches = [this.unitKeys(members)];
    if (hasMeetings(this.problem)) dispatches.push(this.findMeetings(members));
    for (let first = 0, turn = 0; first < rounds; first += atOnce, turn++) {
      const count = Math.min(atOnce, rounds - first);
      const isLast = first + count === rounds;
      // With several batches, the result of one is a part that stands in front of the next one's rounds, or
      // behind them, in turn.
      const isBehind = turn % 2 === 1;
      const firstPart = count === rounds ? 0 : isBehind ? 1 + atOnce - count : 1;
      const merged =
        turn === 0 ? { first: firstPart, count } : { first: isBehind ? firstPart : 0, count: count + 1 };
      const target = isLast ? undefined : isBehind ? 0 : 1 + atOnce;
      dispatches.push(
        ...this.attend(members, { first, count }, firstPart),
        this.merge(members, merged, target),
      );
    }
    return dispatches;
  }

  private unitKeys(members: Range): Dispatch {
    const { inputs } = this.node;
    const { length, headDim, heads, keyNorm } = this.problem;
    const { subgroups } = this.context.limits;
    const queries = this.strides(headDim);
    const rows = members.count * length;
    return {
      kernel: unitKeysKernel({ x: floatElementOf(this.context, inputs.q), subgroups }),
      params: packParams(UNIT_KEYS_PARAMS, {
        rows,
        length: headDim,
        tokens: length,
        heads,
        firstMember: members.first,
        xBatch: queries.batch,
        xHead: queries.head,
        xToken: queries.row,
        eps: keyNorm === 'rms' ? headDim * 1e-6 : 0,
      }),
      bindings: [inputs.q, this.keys],
      grid: rowGrid(rows),
    };
  }

  private findMeetings(members: Range): Dispatch {
    const { order, buckets } = this.node.inputs;
    const { length, rounds, withinBuckets } = this.problem;
    const count = members.count * rounds * length;
    const { slots } = chunkList(this.problem);
    const bucketInputs = withinBuckets && buckets !== undefined ? [buckets] : [];
    return {
      kernel: meetingsKernel({ hasBuckets: bucketInputs.length > 0 }),
      params: packParams(MEETINGS_PARAMS, { count, length, slots, firstRow: members.first * rounds }),
      bindings: [order, ...bucketInputs, this.meetings],
      grid: elementGrid(count),
    };
  }

  /** Attention in some rounds, whose results are the parts from `firstPart` on. */
  private attend(members: Range, rounds: Range, firstPart: number): Dispatch[] {
    const { context, problem } = this;
    const { q, v, order, keyMask: mask } = this.node.inputs;
    const { length, headDim, valueDim, heads, scale } = problem;
    const { limits } = context;
    const chunks: ChunkOptions = { hasMeetings: hasMeetings(problem), hasMask: mask !== undefined };
    const options: AttentionOptions = {
      ...workgroupOptions(limits, { headDim, valueDim }, chunks),
      input: floatElementOf(context, q),
      output: 'f32',
      alibi: undefined,
      relative: undefined,
      bias: undefined,
      state: 'part',
    };
    const [queries, values] = [this.strides(headDim), this.strides(valueDim)];
    const params: Omit<ChunkParams, 'firstWorkgroup'> = {
      headDim,
      valueDim,
      queryCount: length,
      heads,
      firstMember: members.first,
      firstRound: rounds.first,
      firstPart,
      rounds: problem.rounds,
      ...chunkList(problem),
      before: problem.chunksBefore,
      after: problem.chunksAfter,
      causal: Number(problem.causal),
      withinBuckets: Number(problem.withinBuckets),
      once: Number(problem.duplicates === 'once'),
      shareWeights: Number(problem.duplicates === 'lucidrains'),
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
    const { keys: k, meetings, parts: out, states } = this;
    const kernel = attentionKernel(options);
    const bindings = bindInOrder(attentionBuffers(options), {
      q,
      k,
      v,
      order,
      meetings,
      mask,
      out,
      states,
    });
    const workgroups = Math.ceil(length / options.rows);
    return gridParts(workgroups, limits.mostGroups).map(({ first, count }) => ({
      kernel,
      params: packParams(CHUNK_PARAMS, { ...params, firstWorkgroup: first }),
      bindings,
      grid: [count, members.count, rounds.count],
    }));
  }

  /** Merges parts into the output, or into the part `target`. */
  private merge(members: Range, merged: Range, target: number | undefined): Dispatch {
    const { v, keyMask: mask } = this.node.inputs;
    const [out, lse] = this.node.outputs;
    const { parts, states } = this;
    const { length, valueDim, heads, returnLse } = this.problem;
    const { splitOut, splitStates } = this.partSizes(members);
    const values = this.strides(valueDim);
    const storage = storageOf(this.context, out);
    const options = { hasMask: mask !== undefined, hasLse: returnLse, storage };
    return {
      kernel: mergeRoundsKernel(options),
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
        firstMember: members.first,
        heads,
        length,
        valueDim,
        outBatch: values.batch,
        outHead: values.head,
        outToken: values.row,
      }),
      bindings: bindInOrder(mergeRoundsBuffers(options), { v, mask, parts, states, out, lse }),
      grid: elementGrid(splitOut),
    };
  }

  /** Elements of a part: of its results, and of its states. */
  private partSizes({ count }: Range): { readonly splitOut: number; readonly splitStates: number } {
    const splitStates = count * this.problem.length;
    return { splitOut: splitStates * this.problem.valueDim, splitStates };
  }

  private strides(dim: number): ReturnType<typeof rowStrides> {
    const { layout, heads, length } = this.problem;
    return rowStrides(layout, heads, length, dim);
  }
}
