/**
 * The work of attention as the lowering writes it: one fused operator, or scans whose steps gather tiles and attend to them. In
 * nanoseconds of one thread of a machine whose products run at 155 GFLOP/s; `run/predict.ts` brings in the machine at hand.
 */
import { type AttentionPlan } from '@attn/core';
import { TILE, type AttentionProblem } from '@attn/core/backend';
import { partition } from './partition.ts';
import { DYNAMIC, itemsOf, shapeOfClass, STATIC } from './schedule.ts';

/** What nodes of a model take. */
export interface Work {
  /** Of products and whatever else is one operator over much data, which all threads share. */
  readonly dense: number;
  /** Of copies of much data, which the memory limits: more than two threads get no more of it. */
  readonly moved: number;
  /** Of the steps of scans, which all threads share. */
  readonly scanned: number;
  /** Steps of scans: each calls a dozen small operators. */
  readonly steps: number;
  /** Operators outside of steps. */
  readonly operators: number;
  /** Of JavaScript before the run. */
  readonly script: number;
}

/** No work. */
export const NO_WORK: Work = { dense: 0, moved: 0, scanned: 0, steps: 0, operators: 0, script: 0 };

/** An operation of a product. */
export const PRODUCT = 0.006;

/** The fused operator: a head; a number of its rows of q, k, v and out; softmax of a pair; a number of keys copied for more heads. */
const FUSED_HEAD = 2500;
const FUSED_NUMBER = 0.38;
const FUSED_PAIR = 0.24;
const SPREAD_NUMBER = 0.5;

/**
 * Steps: softmax of a pair; a masked pair, whose mask is gathered and added; a pair where open and masked tiles are put side by
 * side; a number of a gathered tile of keys or values; a number of a row of queries or results.
 */
const PAIR = 0.1;
const MASKED_PAIR = 0.42;
const MIXED_PAIR = 0.36;
const GATHERED_NUMBER = 0.22;
const ROW_NUMBER = 0.31;

/** Bringing rows into the plan's order before the scans, and results back, by number. */
const MOVED_NUMBER = 0.3;

/** Operators of a scan beside its steps. */
const SCAN_OPERATORS = 2;

/** Where data decides on the plan: planning and scheduling anew for each run, then each row of queries and each tile. */
const DYNAMIC_CALL = 1_500_000;
const DYNAMIC_ROW = 110;
const DYNAMIC_TILE = 1000;

/** One `MultiHeadAttention`. */
export function fusedWork(problem: AttentionProblem): Work {
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const dims = headDim + valueDim;
  const pairs = batch * heads * queryLength * keyLength;
  const numbers = batch * heads * (queryLength + keyLength) * dims;
  const spread = kvHeads === heads ? 0 : batch * heads * keyLength * dims;
  const dense = FUSED_HEAD * batch * heads + (2 * PRODUCT * dims + FUSED_PAIR) * pairs;
  const moved = FUSED_NUMBER * numbers + SPREAD_NUMBER * spread;
  return { ...NO_WORK, dense, moved, operators: 1 };
}

/** Scans over the classes of a plan; `isStatic` when nothing but shapes decides on it. */
export function scannedWork(problem: AttentionProblem, plan: AttentionPlan, isStatic: boolean): Work {
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const options = isStatic ? STATIC : DYNAMIC;
  const dims = headDim + valueDim;
  let [scanned, steps, scans, tiles] = [0, 0, 0, 0];
  for (const projection of ['local', 'global'] as const) {
    for (const { items, tiles: width } of partition(itemsOf(plan, projection), options.classes)) {
      const shape = shapeOfClass(plan, items, width, options);
      const blocks = shape.steps * shape.blocks;
      const pairs = blocks * width * TILE ** 2;
      const isMixed = shape.openTiles > 0 && shape.maskedTiles > 0;
      scanned +=
        (2 * PRODUCT * dims + PAIR + (isMixed ? MIXED_PAIR : 0)) * pairs +
        MASKED_PAIR * blocks * shape.maskedTiles * TILE ** 2 +
        GATHERED_NUMBER * blocks * width * TILE * dims +
        ROW_NUMBER * blocks * TILE * dims;
      steps += shape.steps;
      scans += 1;
      tiles += blocks * width;
    }
  }
  // Classes of a dynamic schedule that are left over run a step of their own.
  const unused = isStatic ? 0 : Math.max(0, options.classes - scans);
  const rows = batch * heads * queryLength;
  const isMoved = !isStatic || plan.groups.some(({ block }) => block.keyIndex ?? block.queryIndex);
  const moved = isMoved ? batch * kvHeads * keyLength * dims + rows * valueDim : 0;
  return {
    ...NO_WORK,
    moved: MOVED_NUMBER * moved,
    scanned,
    steps: steps + unused,
    operators: SCAN_OPERATORS * (scans + unused),
    script: isStatic ? 0 : DYNAMIC_CALL + DYNAMIC_ROW * rows + DYNAMIC_TILE * tiles,
  };
}
