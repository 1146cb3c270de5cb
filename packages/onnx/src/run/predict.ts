/**
 * How long a graph will take: the work of its nodes, as a machine with known products would do it on one
 * thread, brought to the machine at hand by what `calibrate.ts` found there.
 */
import { type Graph } from '@attn/core';
import {
  elementsWritten,
  inputSpecs,
  lshHashProblem,
  lshProblem,
  ops,
  sizeOf,
  type NodeOf,
  type OpName,
  type PlanCache,
} from '@attn/core/backend';
import { causalBlocks, isFullyCausal } from '../lower/attention/causal-blocks.ts';
import { isDirect, isFusable } from '../lower/attention/is-fusable.ts';
import { onlyKeyMaskDecides } from '../lower/attention/key-mask.ts';
import { isStaticPlan } from '../lower/attention/operands.ts';
import {
  causalWork,
  directWork,
  fusedWork,
  NO_WORK,
  PRODUCT,
  scannedWork,
  type Work,
} from '../lower/attention/predict.ts';
import { quantizedEmbeddingWork, quantizedLinearWork } from '../lower/quantized/predict.ts';

/** What predictions rest on. */
export interface Speed {
  readonly threads: number;
  /** Whether unmasked attention is one fused operator. */
  readonly fuses: boolean;
  /** Times as long as on the machine that the constants are from: calls and operators; work of each kind. */
  readonly overhead: number;
  readonly dense: number;
  readonly scanned: number;
  /** How many times as fast all threads are as one with either work, in short calls and in long ones. */
  readonly denseGain: number;
  readonly scannedGain: number;
  readonly longDenseGain: number;
  readonly longScannedGain: number;
}

/** The machine that the constants are from. */
export const DEFAULT_SPEED: Omit<Speed, 'threads' | 'fuses'> = {
  overhead: 1,
  dense: 1,
  scanned: 1,
  denseGain: 1,
  scannedGain: 1,
  longDenseGain: 1,
  longScannedGain: 1,
};

/** Nanoseconds of a call, of an operator, and of the dozen small operators of a step. */
const CALL = 28_000;
const OPERATOR = 6000;
const STEP = 14_000;

/**
 * Nanoseconds of work after which threads are what they can be. They wait for work without sleeping, so the
 * system may keep them on one core until it next looks whose core is idle. What they are good for before
 * and after is measured.
 */
const SPREADING = 20_000_000;

/** What a thread adds to the rate of one at most. */
const HELP = 0.9;

/** How many times as fast copies of much data are on all threads. */
const MOST_MOVED = 2;

/**
 * An element of the result of an operator that computes no products, and of an activation behind one that
 * does.
 */
const ELEMENT = 0.7;
const ACTIVATED = 1.5;

/**
 * What it takes to find the largest of the scores of a hash, for each; and to sort, for each element and
 * doubling of their number.
 */
const SCORE = 1.5;
const SORTED = 7;

/**
 * A pair of LSH attention beside its products: the own key of each query hidden, rows gathered,
 * exponentials and their sums.
 */
const LSH_PAIR = 2.5;

/** Operators that LSH attention takes for however few tokens. */
const LSH_OPERATORS = 60;

/** Inputs that add to logits by distance. */
const OFFSETS = ['alibiSlopes', 'relativeBias'];

/** Predicted milliseconds of one run. */
export function predict(graph: Graph, plans: PlanCache, speed: Speed): number {
  let [dense, moved, scanned, alone] = [0, 0, 0, CALL];
  for (const node of graph.nodes) {
    const work = workOf(graph, node, plans, speed.fuses);
    dense += speed.dense * work.dense;
    moved += speed.dense * work.moved;
    scanned += speed.scanned * work.scanned;
    alone += OPERATOR * work.operators + STEP * work.steps + work.script;
  }
  const ns = speed.overhead * alone + sharedNs(dense, moved, scanned, speed);
  return ns / 1e6;
}

/** Nanoseconds that all threads take for so many of one. */
function sharedNs(dense: number, moved: number, scanned: number, speed: Speed): number {
  const all = dense + moved + scanned;
  if (speed.threads === 1 || all === 0) return all;
  const share = Math.min(1, SPREADING / all);
  const by = (denseGain: number, scannedGain: number): number =>
    dense / denseGain + moved / Math.min(MOST_MOVED, denseGain) + scanned / scannedGain;
  const short = by(speed.denseGain, speed.scannedGain);
  const long = by(speed.longDenseGain, speed.longScannedGain);
  return share * short + (1 - share) * long;
}

/** How many times as fast threads are as one at most. */
export function threadGain(threads: number): number {
  return 1 + HELP * (threads - 1);
}

function workOf<K extends OpName>(graph: Graph, node: NodeOf<K>, plans: PlanCache, fuses: boolean): Work {
  if (ops[node.op].isView) return NO_WORK;
  const specs = inputSpecs(graph, node);
  if (isOp(node, 'attention')) {
    const { problem, plan } = plans.expected(specs, node.attributes);
    const masksKeys = onlyKeyMaskDecides(graph, node);
    const isStatic = isStaticPlan(graph, node);
    if (isDirect(node, problem, plan)) return directWork(problem, { isStatic });
    if (fuses && isStatic && isFusable(node, problem, plan)) return fusedWork(problem);
    const blocks = causalBlocks(problem);
    if (isStatic && blocks !== undefined && isFullyCausal(node, problem, plan))
      return causalWork(problem, blocks);
    const hasOffsets = OFFSETS.some((name) => node.inputs[name] !== undefined) || problem.score !== undefined;
    const isBiased = node.inputs.bias !== undefined;
    return scannedWork(problem, plan, { isStatic: isStatic || masksKeys, masksKeys, isBiased, hasOffsets });
  }
  if (isOp(node, 'lshHash') || isOp(node, 'argsort') || isOp(node, 'lshAttention'))
    return lshWork(graph, node);
  if (isOp(node, 'topK')) {
    const { shape } = specs.x;
    return { ...NO_WORK, dense: SORTED * sizeOf(shape) * Math.log2(1 + node.attributes.k), operators: 5 };
  }
  if (isOp(node, 'expertLinear')) {
    const [experts, ...sizes] = specs.weight.shape;
    const moved = sizeOf(specs.experts.shape) * (sizes[0] + 2 * sizes[1]);
    const products = PRODUCT * ops.expertLinear.flops(specs, node.attributes);
    return { ...NO_WORK, dense: products + ELEMENT * moved, operators: 10 + experts };
  }
  if (isOp(node, 'quantizedEmbedding')) return quantizedEmbeddingWork(graph, node);
  if (isOp(node, 'writeRows'))
    return { ...NO_WORK, dense: ELEMENT * elementsWritten(node, graph), operators: 4 };
  const elements = sizeOf(graph.values[node.outputs[0]].shape);
  if (isOp(node, 'quantizedLinear')) {
    const work = quantizedLinearWork(graph, node, fuses);
    const after = node.attributes.activation === undefined ? ELEMENT : ACTIVATED;
    return { ...work, dense: work.dense + after * elements };
  }
  const isProduct = node.op === 'linear' || node.op === 'matmul';
  const isActivated = 'activation' in node.attributes && node.attributes.activation !== undefined;
  const products = isProduct ? PRODUCT * ops[node.op].flops(specs, node.attributes) : 0;
  const dense = products + (isActivated ? ACTIVATED : ELEMENT) * elements;
  return { ...NO_WORK, dense, operators: isActivated ? 2 : 1 };
}

/** The three ops of Reformer's attention. */
function lshWork(graph: Graph, node: NodeOf<'lshHash' | 'argsort' | 'lshAttention'>): Work {
  const specs = inputSpecs(graph, node);
  if (isOp(node, 'lshHash')) {
    const { batch, heads, length, rounds, width } = lshHashProblem(specs, node.attributes);
    const products = PRODUCT * ops.lshHash.flops(specs, node.attributes);
    return { ...NO_WORK, dense: products + SCORE * batch * heads * length * rounds * width, operators: 8 };
  }
  if (isOp(node, 'argsort')) {
    const { shape } = specs.x;
    return { ...NO_WORK, dense: SORTED * sizeOf(shape) * Math.log2(1 + (shape.at(-1) ?? 0)), operators: 4 };
  }
  if (isOp(node, 'lshAttention')) {
    const { batch, heads, pairs } = lshProblem(specs, node.attributes);
    const products = PRODUCT * ops.lshAttention.flops(specs, node.attributes);
    return { ...NO_WORK, scanned: products + LSH_PAIR * batch * heads * pairs, operators: LSH_OPERATORS };
  }
  return NO_WORK;
}

function isOp<K extends OpName>(node: NodeOf<OpName>, op: K): node is NodeOf<K> {
  return node.op === op;
}
