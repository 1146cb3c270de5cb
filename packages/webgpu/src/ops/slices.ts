/**
 * Tensors that are larger than what a device binds, 128 MiB on many: attention needs no more of them at a
 * time than what some heads read and write, so each dispatch takes as many heads as bindings hold.
 */
import { type TensorSpec } from '@attn/core';
import { kvHeadOf, type AttentionProblem, type ValueId } from '@attn/core/backend';
import { ValueSlice, type Binding } from '../graph/dispatch.ts';
import { MOST_GROUPS } from '../kernels/wgsl.ts';

/** On every device, bindings may begin at multiples of this many bytes. */
const ALIGNMENT = 256;

/**
 * The tensors of which each member, that is, each head of each batch row, reads or writes a part of its own.
 */
const SLICED = ['q', 'k', 'v', 'out'] as const;
type Sliced = (typeof SLICED)[number];

/** A tensor on the device, of which each member has a part. */
export interface MemberSource {
  readonly id: ValueId;
  readonly bytes: number;
  readonly elementBytes: 2 | 4;
}

/** Distances in elements between batch rows, heads and tokens of each tensor. */
export type Strides = Readonly<Record<`${Sliced}${'Batch' | 'Head' | 'Token'}`, number>>;

/** Consecutive members of a group that one dispatch computes. */
export interface MemberRun {
  readonly count: number;
  readonly bindings: Readonly<Record<Sliced, Binding>>;
  /** The run's first member, and the elements of each tensor before the part that is bound. */
  readonly params: Readonly<Record<'firstMember' | `${Sliced}First`, number>>;
}

/**
 * Cuts members into runs, for each of which bindings of `limit` bytes suffice; one run where they hold
 * everything.
 */
export function memberRuns(
  members: ArrayLike<number>,
  sources: Readonly<Record<Sliced, MemberSource>>,
  strides: Strides,
  problem: AttentionProblem,
  limit: number,
): MemberRun[] {
  const runs: MemberRun[] = [];
  for (let first = 0; first < members.length; first += runs[runs.length - 1].count) {
    const run = new OpenRun(sources, strides, problem, limit);
    let next = first;
    while (next < members.length && next - first < MOST_GROUPS && run.add(members[next])) next++;
    runs.push(run.close(first, Math.max(1, next - first)));
  }
  return runs;
}

/** A run that grows as long as its slices fit into bindings. */
class OpenRun {
  private readonly sources: Readonly<Record<Sliced, MemberSource>>;
  private readonly strides: Strides;
  private readonly problem: AttentionProblem;
  private readonly limit: number;
  private ranges: Partial<Record<Sliced, readonly [begin: number, end: number]>> = {};

  constructor(
    sources: Readonly<Record<Sliced, MemberSource>>,
    strides: Strides,
    problem: AttentionProblem,
    limit: number,
  ) {
    this.sources = sources;
    this.strides = strides;
    this.problem = problem;
    this.limit = limit;
  }

  /** Adds a member, and says whether bindings then still hold the run; where not, the run stays as it was. */
  add(member: number): boolean {
    const { ranges } = this;
    const extended: typeof this.ranges = {};
    for (const name of SLICED) {
      const [begin, end] = this.bytesOf(name, member);
      const [from, to] = ranges[name] ?? [begin, end];
      extended[name] = [Math.min(begin, from), Math.max(end, to)];
      const { bytes } = this.sources[name];
      if (bytes > this.limit && extended[name][1] - extended[name][0] > this.limit) return false;
    }
    this.ranges = extended;
    return true;
  }

  /** The finished run. */
  close(firstMember: number, count: number): MemberRun {
    const bindings: Partial<Record<Sliced, Binding>> = {};
    const firsts: Record<string, number> = {};
    for (const name of SLICED) {
      const { id, bytes, elementBytes } = this.sources[name];
      const [begin, end] = bytes > this.limit ? (this.ranges[name] ?? [0, 0]) : [0, bytes];
      bindings[name] = bytes > this.limit ? new ValueSlice(id, begin, end - begin) : id;
      firsts[`${name}First`] = begin / elementBytes;
    }
    return {
      count,
      bindings: bindings as MemberRun['bindings'],
      params: { firstMember, ...firsts } as MemberRun['params'],
    };
  }

  /** The range of bytes that a member needs, widened to where a binding may begin and end. */
  private bytesOf(name: Sliced, member: number): [begin: number, end: number] {
    const { heads, queryLength, keyLength, headDim, valueDim } = this.problem;
    const isQuery = name === 'q' || name === 'out';
    const head = isQuery ? member % heads : kvHeadOf(this.problem, member % heads);
    const length = isQuery ? queryLength : keyLength;
    const dim = name === 'q' || name === 'k' ? headDim : valueDim;
    const { strides } = this;
    const start = Math.floor(member / heads) * strides[`${name}Batch`] + head * strides[`${name}Head`];
    const { elementBytes } = this.sources[name];
    const end = (start + (length - 1) * strides[`${name}Token`] + dim) * elementBytes;
    return [Math.floor((start * elementBytes) / ALIGNMENT) * ALIGNMENT, Math.ceil(end / 16) * 16];
  }
}

/** The least bytes of a tensor of attention that must be bound for one member. */
export function leastSlice(bytes: number, { shape }: TensorSpec, layout: 'bhnd' | 'bnhd'): number {
  const parts = layout === 'bhnd' ? shape[0] * shape[1] : shape[0];
  return Math.ceil(bytes / Math.max(1, parts)) + 2 * ALIGNMENT;
}

/** Cuts a value into slices of whole elements that bindings hold. */
export function piecesOf({ id, bytes }: Pick<MemberSource, 'id' | 'bytes'>, limit: number): ValueSlice[] {
  const step = Math.floor(limit / ALIGNMENT) * ALIGNMENT;
  const pieces: ValueSlice[] = [];
  for (let at = 0; at < bytes; at += step) pieces.push(new ValueSlice(id, at, Math.min(step, bytes - at)));
  return pieces;
}
