/**
 * How long attention takes, counted as `attention.ts` goes about it: heads in batches, their keys and values packed, their row blocks
 * computed, what comes from outside of the heap copied in and out. In nanoseconds at a reference rate; a machine's own rate
 * scales all of them.
 */
import { kvHeadOf, TILE, type AttentionPlan, type AttentionProblem, type PlanGroup } from '@attn/core';
import { WORTH_WAKING } from '../engine/control.ts';
import { headsPerBatch } from './batches.ts';

/** The rate of products that the nanoseconds below were found at, in operations per millisecond of one thread. */
export const REFERENCE_RATE = 5e7;

/** A call; each of its heads; each row block of one. */
const CALL = 14_000;
const HEAD = 3000;
const ROW_BLOCK = 3200;

/** An operation of the products whose pair counts, and of one that is hidden: masked tiles leave out most of those. */
const PRODUCT = 0.0227;
const HIDDEN_PRODUCT = 0.0029;

/** Softmax of a computed pair. */
const PAIR = 0.31;

/** Packing one number of keys or values; copying one in or out, which no helper helps with. */
const PACKED = 0.25;
const COPIED = 0.5;

/** Waking helpers for a job. */
const WAKING = 20_000;

/** What a helper adds to the rate of one thread. */
const HELP = 0.93;

/** Milliseconds of a call. */
export function attentionMs(
  problem: AttentionProblem,
  { groups }: AttentionPlan,
  rate: number,
  threads: number,
): number {
  const ns = groups.reduce((sum, group) => sum + groupNs(problem, group, threads), CALL);
  return (ns * (REFERENCE_RATE / rate)) / 1e6;
}

function groupNs(problem: AttentionProblem, group: PlanGroup, threads: number): number {
  const { queryLength, keyLength, headDim, valueDim } = problem;
  const { members, block } = group;
  const { computedPairs, allowedPairs, rowBlocks } = block.stats;
  const dims = headDim + valueDim;
  const size = headsPerBatch(problem, members.length);
  const batches = Math.ceil(members.length / Math.max(1, size));
  const owners = keyOwners(problem, members, size);
  const copied = dims * (owners * keyLength + members.length * Math.min(queryLength, block.queryCount));
  const packing = jobNs(
    { ns: PACKED * owners * block.keyCount * dims, flops: 10 * owners * block.keyCount * dims },
    batches,
    owners * Math.ceil(block.keyCount / TILE),
    threads,
  );
  const rowNs =
    ROW_BLOCK * rowBlocks +
    2 * dims * (PRODUCT * allowedPairs + HIDDEN_PRODUCT * (computedPairs - allowedPairs)) +
    PAIR * computedPairs;
  const attending = jobNs(
    { ns: members.length * rowNs, flops: 2 * members.length * computedPairs * dims },
    batches,
    members.length * rowBlocks,
    threads,
  );
  return members.length * HEAD + COPIED * copied + packing + attending;
}

/** Heads of keys that are packed: those that query heads of one batch share are packed once for it. */
function keyOwners(problem: AttentionProblem, members: Int32Array, size: number): number {
  const { heads } = problem;
  let owners = 0;
  for (let from = 0; from < members.length; from += size) {
    const keys = Array.from(members.subarray(from, from + size), (member) => {
      return Math.floor(member / heads) * heads + kvHeadOf(problem, member % heads);
    });
    owners += new Set(keys).size;
  }
  return owners;
}

/** Nanoseconds of jobs on all threads: the last one to end counts, and small jobs are not worth waking anybody. */
export function jobNs(
  all: { readonly ns: number; readonly flops: number },
  jobs: number,
  tasks: number,
  threads: number,
): number {
  const usable = Math.min(threads, tasks / Math.max(1, jobs));
  if (usable < 2 || all.flops / jobs < WORTH_WAKING) return all.ns;
  const rounds = Math.ceil(tasks / jobs / usable);
  const share = Math.max((rounds * jobs) / tasks, 1 / (1 + HELP * (usable - 1)));
  return jobs * WAKING + share * all.ns;
}
