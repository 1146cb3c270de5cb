/**
 * How long attention takes, counted as `attention.ts` goes about it: heads in batches, their keys and values packed, their row blocks
 * computed, what comes from outside of the heap copied in and out. In nanoseconds of the machine that the constants are from; what was
 * measured on the one at hand scales them.
 */
import { type AttentionPlan } from '@attn/core';
import { TILE, type AttentionProblem, type PlanGroup } from '@attn/core/backend';
import { WORTH_WAKING } from '../engine/control.ts';
import { REFERENCE, type CrewSpeed } from '../engine/speed.ts';
import { headBatches, overlapsCopies } from './batches.ts';

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

/** Milliseconds of a call. */
export function attentionMs(problem: AttentionProblem, { groups }: AttentionPlan, crew: CrewSpeed): number {
  const slower = REFERENCE.rate / crew.rate;
  return groups.reduce((sum, group) => sum + groupMs(problem, group, crew), (slower * CALL) / 1e6);
}

function groupMs(problem: AttentionProblem, group: PlanGroup, crew: CrewSpeed): number {
  const slower = REFERENCE.rate / crew.rate / 1e6;
  const { queryLength, keyLength, headDim, valueDim } = problem;
  const { members, block } = group;
  const { computedPairs, allowedPairs, rowBlocks } = block.stats;
  const dims = headDim + valueDim;
  const batches = headBatches(problem, members);
  const owners = batches.reduce((sum, batch) => sum + batch.owners.length, 0);
  const copied = dims * (owners * keyLength + members.length * Math.min(queryLength, block.queryCount));
  const packing = jobMs(
    { ms: slower * PACKED * owners * block.keyCount * dims, flops: 10 * owners * block.keyCount * dims },
    batches.length,
    owners * Math.ceil(block.keyCount / TILE),
    crew,
  );
  const rowNs =
    ROW_BLOCK * rowBlocks +
    2 * dims * (PRODUCT * allowedPairs + HIDDEN_PRODUCT * (computedPairs - allowedPairs)) +
    PAIR * computedPairs;
  const copying = (COPIED * copied * crew.copyNs) / REFERENCE.copyNs / 1e6;
  // Before the first batch and after the last one nobody computes.
  const alone = overlapsCopies(batches, crew.threads) ? copying / batches.length : copying;
  const meanwhile = copying - alone;
  const attending = jobMs(
    { ms: slower * members.length * rowNs + meanwhile, flops: 2 * members.length * computedPairs * dims },
    batches.length,
    members.length * rowBlocks,
    crew,
  );
  return slower * members.length * HEAD + alone + packing + Math.max(meanwhile, attending);
}

/** Milliseconds of jobs on all threads: the last one to end counts, and small jobs are not worth waking anybody. */
export function jobMs(
  all: { readonly ms: number; readonly flops: number },
  jobs: number,
  tasks: number,
  { threads, gain, wakingMs }: CrewSpeed,
): number {
  const usable = Math.min(threads, tasks / Math.max(1, jobs));
  if (usable < 2 || all.flops / jobs < WORTH_WAKING) return all.ms;
  const rounds = Math.ceil(tasks / jobs / usable);
  const share = (rounds * jobs * usable) / tasks / gainOf(usable, threads, gain);
  return jobs * wakingMs + share * all.ms;
}

/** How many times as fast some threads are as one, of which all are `gain` times as fast. */
function gainOf(some: number, all: number, gain: number): number {
  return 1 + ((gain - 1) * (some - 1)) / (all - 1);
}
