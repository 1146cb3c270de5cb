/**
 * Predicts the work of lowered attention: one fused operator, two products, large blocks, or scans whose
 * steps gather tiles and attend to them. The unit is nanoseconds of one thread of a machine whose products
 * run at 155 GFLOP/s; `run/predict.ts` scales it to the machine in use.
 */
import { type AttentionPlan } from '@attn/core';
import { TILE, type AttentionProblem } from '@attn/core/backend';
import { causalPairs, type CausalBlocks } from './causal-blocks.ts';
import { partition } from './partition.ts';
import { binShape, DYNAMIC_LIMITS, itemsOf, STATIC_LIMITS } from './schedule.ts';

/** The work of some nodes of a model, in nanoseconds unless it is a count. */
export interface Work {
  /** Products and other single operators over much data, which all threads share. */
  readonly dense: number;
  /** Copies of much data. Memory limits them: more than two threads copy no faster. */
  readonly moved: number;
  /** The steps of scans, which all threads share. */
  readonly scanned: number;
  /** Number of steps of scans. Each calls a dozen small operators. */
  readonly steps: number;
  /** Number of operators outside of steps. */
  readonly operators: number;
  /** JavaScript before the run. */
  readonly script: number;
}

/** No work. */
export const NO_WORK: Work = { dense: 0, moved: 0, scanned: 0, steps: 0, operators: 0, script: 0 };

/** One operation of a product. */
export const PRODUCT = 0.006;

/** The fused operator: fixed work of a head. */
const FUSED_HEAD = 2500;

/** The fused operator: an element of q, k, v or out. */
const FUSED_ELEMENT = 0.38;

/** The fused operator: softmax of a pair. */
const FUSED_PAIR = 0.24;

/** An element of keys or values that is copied because several heads share it. */
const REPEATED_ELEMENT = 0.5;

/** Two products: an element of keys or values, which memory limits where queries are few. */
const READ_ELEMENT = 0.4;

/** Two products: biases, masks and softmax of a pair. */
const DIRECT_PAIR = 1;

/** Number of operators around two products. */
const DIRECT_OPERATORS = 10;

/** Causal attention in large blocks: exponential and sum of a pair, and copies of its keys and values. */
const CAUSAL_PAIR = 0.46;

/** A step: exponential and sum of a pair. */
const PAIR = 0.1;

/** A step: multiplying a pair with its mask. */
const MASKED_PAIR = 0.1;

/** A step: a pair in a bin with open and masked tiles, which are masked together or concatenated. */
const MIXED_PAIR = 0.1;

/** A step: a pair whose weight is summed with the key mask of a run. */
const KEY_MASKED_PAIR = 0.03;

/** A step: reading and adding a dense bias of a pair. */
const BIASED_PAIR = 0.4;

/** A step: what ALiBi, relative biases and parts of scores by distance cost for a pair. */
const OFFSET_PAIR = 0.2;

/** A step: an element of a gathered tile of keys or values. */
const GATHERED_ELEMENT = 0.22;

/** A step: an element of a row of queries or results. */
const ROW_ELEMENT = 0.31;

/** An element of a row that is moved into the plan's order before the scans, or back after them. */
const MOVED_ELEMENT = 0.3;

/** Number of operators of a scan outside of its steps. */
const SCAN_OPERATORS = 2;

/** Where data decides on the plan: planning and scheduling for each run. */
const DYNAMIC_CALL = 1_500_000;

/** Where data decides on the plan: further work for each row of queries. */
const DYNAMIC_ROW = 110;

/** Where data decides on the plan: further work for each tile. */
const DYNAMIC_TILE = 1000;

/** The work of one MultiHeadAttention. */
export function fusedWork(problem: AttentionProblem): Work {
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const dims = headDim + valueDim;
  const pairs = batch * heads * queryLength * keyLength;
  const elements = batch * heads * (queryLength + keyLength) * dims;
  const repeated = kvHeads === heads ? 0 : batch * heads * keyLength * dims;
  const dense = FUSED_HEAD * batch * heads + (2 * PRODUCT * dims + FUSED_PAIR) * pairs;
  const moved = FUSED_ELEMENT * elements + REPEATED_ELEMENT * repeated;
  return { ...NO_WORK, dense, moved, operators: 1 };
}

/** The work of two products. `isStatic` says that all runs share the plan. */
export function directWork(problem: AttentionProblem, { isStatic }: { readonly isStatic: boolean }): Work {
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const dims = headDim + valueDim;
  const pairs = batch * heads * queryLength * keyLength;
  return {
    ...NO_WORK,
    dense: (2 * PRODUCT * dims + DIRECT_PAIR) * pairs,
    moved: READ_ELEMENT * batch * kvHeads * keyLength * dims,
    operators: DIRECT_OPERATORS,
    script: isStatic ? 0 : DYNAMIC_CALL + batch * queryLength * keyLength,
  };
}

/** The work of causal attention in large blocks. */
export function causalWork(problem: AttentionProblem, blocks: CausalBlocks): Work {
  const { batch, heads, queryLength, headDim, valueDim } = problem;
  const dims = headDim + valueDim;
  const pairs = batch * heads * causalPairs(queryLength, blocks);
  return { ...NO_WORK, dense: (2 * PRODUCT * dims + CAUSAL_PAIR) * pairs, operators: 1 };
}

/** How scans get their plan, and what they do besides. */
export interface ScannedOptions {
  /** Whether all runs share the plan. */
  readonly isStatic: boolean;
  /** Whether the key mask of a run is multiplied with weights. Default: false. */
  readonly masksKeys?: boolean;
  /** Whether a dense bias is added to logits. Default: false. */
  readonly isBiased?: boolean;
  /** Whether there are biases by distance. Default: false. */
  readonly hasOffsets?: boolean;
}

/** The work of the scans over the bins of a plan. */
export function scannedWork(
  problem: AttentionProblem,
  plan: AttentionPlan,
  { isStatic, masksKeys = false, isBiased = false, hasOffsets = false }: ScannedOptions,
): Work {
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const options = isStatic ? STATIC_LIMITS : DYNAMIC_LIMITS;
  const dims = headDim + valueDim;
  const extra =
    (masksKeys ? KEY_MASKED_PAIR : 0) + (isBiased ? BIASED_PAIR : 0) + (hasOffsets ? OFFSET_PAIR : 0);
  const pair = 2 * PRODUCT * dims + PAIR + extra;
  let [scanned, steps, scans, tiles] = [0, 0, 0, 0];
  for (const projection of ['local', 'global'] as const) {
    for (const { items, tiles: width } of partition(itemsOf(plan, projection), options.bins)) {
      const shape = binShape(plan, { items, tiles: width }, options);
      const blocks = shape.steps * shape.blocks;
      const pairs = blocks * width * TILE ** 2;
      const isMixed = shape.openTiles > 0 && shape.maskedTiles > 0;
      scanned +=
        (pair + (isMixed ? MIXED_PAIR : 0)) * pairs +
        MASKED_PAIR * blocks * shape.maskedTiles * TILE ** 2 +
        GATHERED_ELEMENT * blocks * width * TILE * dims +
        ROW_ELEMENT * blocks * TILE * dims;
      steps += shape.steps;
      scans += 1;
      tiles += blocks * width;
    }
  }
  // A dynamic schedule has a fixed number of bins. Unused ones run one step each.
  const unused = isStatic ? 0 : Math.max(0, options.bins - scans);
  const rows = batch * heads * queryLength;
  const isMoved = !isStatic || plan.groups.some(({ block }) => block.keyIndex ?? block.queryIndex);
  const moved = isMoved ? batch * kvHeads * keyLength * dims + rows * valueDim : 0;
  return {
    ...NO_WORK,
    moved: MOVED_ELEMENT * moved,
    scanned,
    steps: steps + unused,
    operators: SCAN_OPERATORS * (scans + unused),
    script: isStatic ? 0 : DYNAMIC_CALL + DYNAMIC_ROW * rows + DYNAMIC_TILE * tiles,
  };
}
