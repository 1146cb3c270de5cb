/**
 * Predicts how long attention takes, step by step as `attention.ts` works: heads in batches, keys and values
 * packed, row blocks computed, tensors outside of the heap copied in and out. The constants are nanoseconds
 * on one machine; the measured speed of this machine scales them.
 */
import { type AttentionPlan } from '@attn/core';
import { TILE, type AttentionProblem, type PlanGroup } from '@attn/core/backend';
import { WORTH_WAKING } from '../engine/control.ts';
import { DEFAULT_SPEED, type CrewSpeed } from '../engine/speed.ts';
import { headBatches, overlapsCopies } from './batches.ts';
import { mayReadInPlace } from './in-place.ts';

/** Nanoseconds of a call. */
const CALL = 14_000;

/** Nanoseconds of a head. */
const HEAD = 3000;

/** Nanoseconds of a row block. */
const ROW_BLOCK = 3200;

/** Nanoseconds of an operation in the products of a visible pair. */
const PRODUCT = 0.0227;

/** Nanoseconds of an operation in the products of a hidden pair: masked tiles leave out most of them. */
const HIDDEN_PRODUCT = 0.0029;

/** Nanoseconds of the softmax of a computed pair. */
const PAIR = 0.31;

/** Nanoseconds to pack a number of keys or values. */
const PACK = 0.25;

/** Nanoseconds to read a number of keys or values in place, from memory. */
const READING = 0.4;

/** Nanoseconds to copy a number in or out, which only the calling thread can do. */
const COPY = 0.5;

/**
 * Predicted milliseconds of a call.
 * @param options.inHeap whether keys and values are in the heap, as states and results of other nodes are
 */
export function attentionMs(
  problem: AttentionProblem,
  plan: AttentionPlan,
  crew: CrewSpeed,
  { inHeap = false }: { readonly inHeap?: boolean } = {},
): number {
  const slower = DEFAULT_SPEED.rate / crew.rate;
  const inPlace = inHeap && mayReadInPlace(problem, plan);
  const ms = (group: PlanGroup): number =>
    inPlace ? inPlaceMs(problem, group, crew) : groupMs(problem, group, crew);
  return plan.groups.reduce((sum, group) => sum + ms(group), (slower * CALL) / 1e6);
}

/** Few queries read keys and values once, on all threads. */
function inPlaceMs(problem: AttentionProblem, { members, block }: PlanGroup, crew: CrewSpeed): number {
  const slower = DEFAULT_SPEED.rate / crew.rate / 1e6;
  const dims = problem.headDim + problem.valueDim;
  const { queryCount, keyCount, stats } = block;
  const heads = members.length;
  const keys = Math.min(keyCount, TILE * stats.tiles);
  const reading = heads * keys * (READING * dims + (2 * PRODUCT * dims + PAIR) * queryCount);
  const all = { ms: slower * reading, flops: 2 * heads * stats.computedPairs * dims };
  return slower * heads * HEAD + jobMs(all, 1, heads, crew);
}

function groupMs(problem: AttentionProblem, group: PlanGroup, crew: CrewSpeed): number {
  const slower = DEFAULT_SPEED.rate / crew.rate / 1e6;
  const { queryLength, keyLength, headDim, valueDim } = problem;
  const { members, block } = group;
  const { computedPairs, allowedPairs, rowBlocks } = block.stats;
  const dims = headDim + valueDim;
  const batches = headBatches(problem, members);
  const owners = batches.reduce((sum, batch) => sum + batch.owners.length, 0);
  const copied = dims * (owners * keyLength + members.length * Math.min(queryLength, block.queryCount));
  const packing = jobMs(
    { ms: slower * PACK * owners * block.keyCount * dims, flops: 10 * owners * block.keyCount * dims },
    batches.length,
    owners * Math.ceil(block.keyCount / TILE),
    crew,
  );
  const rowNs =
    ROW_BLOCK * rowBlocks +
    2 * dims * (PRODUCT * allowedPairs + HIDDEN_PRODUCT * (computedPairs - allowedPairs)) +
    PAIR * computedPairs;
  const copying = (COPY * copied * crew.copyNs) / DEFAULT_SPEED.copyNs / 1e6;
  // No thread computes before the first batch and after the last one.
  const alone = overlapsCopies(batches, crew.threads) ? copying / batches.length : copying;
  const overlapped = copying - alone;
  const computing = jobMs(
    { ms: slower * members.length * rowNs + overlapped, flops: 2 * members.length * computedPairs * dims },
    batches.length,
    members.length * rowBlocks,
    crew,
  );
  return slower * members.length * HEAD + alone + packing + Math.max(overlapped, computing);
}

/** Milliseconds of jobs on all threads: the last thread to end counts, and small jobs do not wake helpers. */
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

/** How many times as fast as one thread `some` threads are, when `all` threads are `gain` times as fast. */
function gainOf(some: number, all: number, gain: number): number {
  return 1 + ((gain - 1) * (some - 1)) / (all - 1);
}
