/**
 * Predicted time of a graph: operations over the rate that this machine was measured to have, plus what a
 * call costs however small it is. Attention is counted by its plan, so that a window costs what a window
 * costs; see `attention/predict.ts`.
 */
import { type Graph } from '@attn/core';
import {
  elementsWritten,
  inputSpecs,
  lshHashProblem,
  lshProblem,
  ops,
  sizeOf,
  type GraphNode,
  type NodeOf,
  type OpName,
  type PlanCache,
  type PointwiseOp,
} from '@attn/core/backend';
import { attentionMs } from './attention/predict.ts';
import { WORTH_WAKING } from './engine/control.ts';
import type { CrewSpeed } from './engine/speed.ts';
import { FEW_ROWS } from './kernels/few-rows.ts';
import { FLOPS_PER_INTEGER } from './ops/quantize-rows.ts';

/** Milliseconds that a node takes beside its operations: checks, records, and small copies. */
const NODE_MS = 0.03;

/** Factor on the operations of a tile's products: softmax, and what keeps a kernel from its peak. */
const TILE_OVERHEAD = 1.2;

/**
 * What a query of a round of LSH costs beside its pairs, in pairs: gathering, packing, and its state from
 * round to round.
 */
const LSH_ROW_PAIRS = 48;

/** What a token that is hashed costs beside its scores, in scores: packing it. */
const HASH_SCORES = 32;

/** About as many operations as an element of a sort costs. */
export const SORT_FLOPS = 200;

/**
 * Ops whose cost follows from the size of their output: the cost of an element, in operations of the measured
 * rate.
 */
const FLOPS_PER_ELEMENT = {
  add: 12,
  sub: 12,
  mul: 12,
  div: 12,
  max: 12,
  min: 12,
  gelu: 60,
  relu: 12,
  tanh: 50,
  silu: 32,
  sigmoid: 30,
  exp: 24,
  square: 12,
  rsqrt: 20,
  layerNorm: 24,
  softmax: 50,
  embedding: 12,
  quantizedEmbedding: 100,
  gather: 12,
  transpose: 200,
  slice: 12,
  concat: 12,
  mask: 12,
  rmsNorm: 16,
  rotary: 12,
  argsort: SORT_FLOPS,
} satisfies Record<PointwiseOp, number> & Partial<Record<OpName, number>>;

/**
 * How much longer a product takes than its operations: code around the inner loop, and caches that are too
 * small.
 */
const PRODUCT_OVERHEAD = 1.15;

/** How many times as fast as products of f32 those of integers are. */
const INTEGER_SPEED = 1.6;

/** Packing one element of a right operand that is no constant, in operations. */
const FLOPS_PER_PACKED = 150;

/** The cost of one element of a row of which JavaScript chooses the greatest. */
const FLOPS_PER_CHOICE = 60;

/** The cost of one element of the input of a reduction. */
const FLOPS_PER_TERM = 8;

/** Predicted milliseconds of a run. */
export function predict(graph: Graph, plans: PlanCache, crew: CrewSpeed): number {
  return graph.nodes.reduce((sum, node) => {
    if (ops[node.op].isView) return sum;
    if (node.op === 'attention') {
      const { problem, plan } = plans.expected(inputSpecs(graph, node), node.attributes);
      const inHeap = [node.inputs.k, node.inputs.v].every((id) => !isOutside(graph, id));
      return sum + attentionMs(problem, plan, crew, { inHeap });
    }
    const flops = flopsOf(node, graph);
    const ms = flops / crew.rate;
    const isShared = crew.threads > 1 && flops > WORTH_WAKING;
    return sum + NODE_MS + (isShared ? crew.wakingMs + ms / crew.gain : ms);
  }, 0);
}

/** Whether a value is the caller's: kernels copy it into the heap. */
function isOutside(graph: Graph, id: number): boolean {
  return graph.constants.has(id) || [...graph.inputs.values()].includes(id);
}

/** Operations of a node. Attention is predicted in milliseconds, by its plan, and views cost nothing. */
function flopsOf(node: Exclude<GraphNode, NodeOf<'attention'>>, graph: Graph): number {
  if (isPerElement(node)) return FLOPS_PER_ELEMENT[node.op] * sizeOf(graph.values[node.outputs[0]].shape);
  const specs = inputSpecs(graph, node);
  switch (node.op) {
    case 'reduce':
      return FLOPS_PER_TERM * sizeOf(specs.x.shape);
    case 'lshHash': {
      const { batch, heads, length, headDim, rounds, width } = lshHashProblem(specs, node.attributes);
      return 2 * batch * heads * length * headDim * (rounds * width + HASH_SCORES);
    }
    case 'lshAttention': {
      const { batch, heads, length, headDim, valueDim, ...lsh } = lshProblem(specs, node.attributes);
      const pairs = batch * heads * (lsh.pairs + LSH_ROW_PAIRS * lsh.rounds * length);
      return 2 * pairs * (headDim + valueDim) * TILE_OVERHEAD;
    }
    case 'topK':
      return FLOPS_PER_CHOICE * sizeOf(specs.x.shape);
    case 'expertLinear': {
      const moved = sizeOf(specs.experts.shape) * (specs.weight.shape[1] + specs.weight.shape[2]);
      return (
        PRODUCT_OVERHEAD * ops.expertLinear.flops(specs, node.attributes) + FLOPS_PER_ELEMENT.gather * moved
      );
    }
    case 'linear': {
      const rows = sizeOf(specs.x.shape.slice(0, -1));
      const waiting = Math.max(1, FEW_ROWS / Math.max(1, rows));
      return PRODUCT_OVERHEAD * waiting * ops.linear.flops(specs, node.attributes);
    }
    case 'quantizedLinear': {
      const flops = PRODUCT_OVERHEAD * ops.quantizedLinear.flops(specs, node.attributes);
      const { inputs = 'float' } = node.attributes;
      if (inputs === 'float') return flops;
      return flops / INTEGER_SPEED + FLOPS_PER_INTEGER * sizeOf(specs.x.shape);
    }
    case 'matmul':
      return (
        PRODUCT_OVERHEAD * ops.matmul.flops(specs, node.attributes) + FLOPS_PER_PACKED * sizeOf(specs.b.shape)
      );
    case 'writeRows':
      return FLOPS_PER_ELEMENT.concat * elementsWritten(node, graph);
    case 'reshape':
      return 0; // a view
    default:
      return node satisfies never;
  }
}

type PerElement = Extract<GraphNode, { op: keyof typeof FLOPS_PER_ELEMENT }>;

function isPerElement(node: GraphNode): node is PerElement {
  return Object.hasOwn(FLOPS_PER_ELEMENT, node.op);
}
