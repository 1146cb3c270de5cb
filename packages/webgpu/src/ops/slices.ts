/**
 * Slices of tensors that are larger than a device can bind, which is 128 MiB on many. Attention reads and
 * writes its tensors head by head, so each dispatch takes as many heads as its bindings can hold.
 */
import { type TensorSpec } from '@attn/core';
import { kvHeadOf, type AttentionProblem, type ValueId } from '@attn/core/backend';
import { ValueSlice, type Binding } from '../graph/dispatch.ts';
import { MOST_GROUPS } from '../kernels/wgsl.ts';

/** On every device, bindings may begin at multiples of this many bytes. */
const ALIGNMENT = 256;

/** Tensors that attention reads or writes member by member. A member is a head of a batch row. */
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

/** Consecutive members of a group that share a dispatch. */
export interface MemberRun {
  readonly count: number;
  readonly bindings: Readonly<Record<Sliced, Binding>>;
  /** The first member, and the first element of each binding. */
  readonly params: Readonly<Record<'firstMember' | `${Sliced}First`, number>>;
}

/**
 * Groups members into runs whose slices fit into bindings of `limit` bytes. There is one run where all of it
 * fits.
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

  /** Adds a member if its slices fit, too. Returns whether they do. */
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

  /** The range of bytes of a member, widened to where a binding may begin. */
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

/** Bytes of the smallest slice of a tensor of attention that can be bound: that of one member. */
export function leastSlice(bytes: number, { shape }: TensorSpec, layout: 'bhnd' | 'bnhd'): number {
  const parts = layout === 'bhnd' ? shape[0] * shape[1] : shape[0];
  return Math.ceil(bytes / Math.max(1, parts)) + 2 * ALIGNMENT;
}

/** A value as slices that fit into bindings of `limit` bytes. */
export function piecesOf({ id, bytes }: Pick<MemberSource, 'id' | 'bytes'>, limit: number): ValueSlice[] {
  const step = Math.floor(limit / ALIGNMENT) * ALIGNMENT;
  const pieces: ValueSlice[] = [];
  for (let at = 0; at < bytes; at += step) pieces.push(new ValueSlice(id, at, Math.min(step, bytes - at)));
  return pieces;
}
