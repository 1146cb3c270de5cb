/** How long a graph will take: its operations over the rate of a small product, and some time for each call. */
import {
  f32,
  inputSpecs,
  lshHashProblem,
  lshProblem,
  ops,
  sizeOf,
  type Graph,
  type NodeOf,
  type OpName,
  type PlanCache,
} from '@attn/core';
import { isFusable } from '../lower/attention/fused.ts';
import { isStaticPlan } from '../lower/attention/operands.ts';
import { encodeModel } from '../model/encode.ts';
import { ModelBuilder } from '../model/model-builder.ts';
import type { Runtime } from './runtime.ts';
import { toOrt } from './tensors.ts';

/** Milliseconds of a call and of each node beside their operations. */
const CALL_MS = 0.05;
const NODE_MS = 0.01;

/** Milliseconds that softmax, masks and copies of one computed pair take on one thread, beside its products. */
const PAIR_MS = 1.5e-6;

/** The same where data decides on the plan: each step gathers its masks, and there are but a few classes. */
const DYNAMIC_PAIR_MS = 4.5e-6;

/** The same of LSH attention: the own key of each query hidden, rows gathered, exponentials and their sums. */
const LSH_PAIR_MS = 2.5e-6;

/** What it takes to find the largest of the scores of a hash, for each; and what sorting takes for each element and doubling of their number. */
const SCORE_MS = 1.5e-6;
const SORT_MS = 7e-6;

/** What predictions rest on. */
export interface Speed {
  /** Operations per millisecond of products. */
  readonly rate: number;
  readonly threads: number;
  /** Whether unmasked attention is one fused operator. */
  readonly fuses: boolean;
}

/** Predicted milliseconds of one run. */
export function predict(graph: Graph, plans: PlanCache, speed: Speed): number {
  return graph.nodes.reduce((sum, node) => sum + NODE_MS + nodeMs(graph, node, plans, speed), CALL_MS);
}

function nodeMs<K extends OpName>(graph: Graph, node: NodeOf<K>, plans: PlanCache, speed: Speed): number {
  const specs = inputSpecs(graph, node);
  const products = ops[node.op].flops(specs, node.attributes) / speed.rate;
  if (isOp(node, 'attention')) return attentionMs(graph, node, plans, speed);
  if (isOp(node, 'lshHash')) {
    const { batch, heads, length, rounds, width } = lshHashProblem(specs, node.attributes);
    return products + (SCORE_MS * batch * heads * length * rounds * width) / speed.threads;
  }
  if (isOp(node, 'argsort')) {
    const { shape } = specs.x;
    return (SORT_MS * sizeOf(shape) * Math.log2(1 + (shape.at(-1) ?? 0))) / speed.threads;
  }
  if (isOp(node, 'lshAttention')) {
    const { batch, heads, pairs } = lshProblem(specs, node.attributes);
    return products + (LSH_PAIR_MS * batch * heads * pairs) / speed.threads;
  }
  return products;
}

function attentionMs(
  graph: Graph,
  node: NodeOf<'attention'>,
  plans: PlanCache,
  { rate, threads, fuses }: Speed,
): number {
  const { problem, plan } = plans.expected(inputSpecs(graph, node), node.attributes);
  const pairs = plan.stats.computedPairs;
  const products = (2 * pairs * (problem.headDim + problem.valueDim)) / rate;
  const isStatic = isStaticPlan(graph, node);
  if (fuses && isStatic && isFusable(node, problem, plan)) return products;
  return products + ((isStatic ? PAIR_MS : DYNAMIC_PAIR_MS) * pairs) / threads;
}

function isOp<K extends OpName>(node: NodeOf<OpName>, op: K): node is NodeOf<K> {
  return node.op === op;
}

/** Side of the matrices that are multiplied to measure. */
const SIDE = 512;

/** Operations per millisecond of a product. */
export async function measureRate(runtime: Runtime): Promise<number> {
  const { ort, sessionOptions } = runtime;
  const model = new ModelBuilder();
  const type = { dtype: 'f32', shape: [SIDE, SIDE] } as const;
  const [a, b] = [model.main.input('a', type), model.main.input('b', type)];
  const product = model.main.op('MatMul', [a, b]);
  model.main.output(product, type);
  const session = await ort.InferenceSession.create(encodeModel(model, 'probe').model, sessionOptions);
  try {
    const matrix = f32([SIDE, SIDE], new Float32Array(SIDE * SIDE).fill(0.5));
    let best = Infinity;
    for (let i = 0; i < 5; i++) {
      const feeds = { [a]: toOrt(runtime, matrix), [b]: toOrt(runtime, matrix) };
      const start = performance.now();
      await session.run(feeds);
      best = Math.min(best, performance.now() - start);
    }
    return (2 * SIDE ** 3) / Math.max(best, 1e-3);
  } finally {
    await session.release();
  }
}
