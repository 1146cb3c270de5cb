/**
 * Predicted time of a graph: the work that core knows of each op, divided by what this machine was measured
 * to do. Attention is counted by its plan, so that a window costs what a window costs.
 */
import { type Graph } from '@attn/core';
import {
  elementsWritten,
  inputSpecs,
  ops,
  plausible,
  repeatFor,
  sizeOf,
  TILE,
  workClock,
  type GraphNode,
  type NamedSpecs,
  type NodeOf,
  type OpName,
  type PlanCache,
  type PointwiseOp,
} from '@attn/core/backend';
import { softmaxState, softmaxTile } from './attention/softmax.ts';
import { addDotTile } from './dot-tile.ts';

/** One sample of the rate: longer than the grain of a browser's clock. */
const SAMPLE_MS = 2;

/** The rate is found when this many samples in a row were no better: the engine has finished optimising. */
const PATIENCE = 6;

/** The longest measurement, for a machine that is very slow or very busy. */
const LONGEST_MS = 200;

/**
 * The rate before it is measured, in operations per millisecond: about that of an ordinary machine.
 */
export const GUESSED_RATE = 4e6;

/**
 * Ops whose cost follows from the size of their output: the cost of an element, in operations of the measured
 * rate.
 */
const FLOPS_PER_ELEMENT = {
  add: 20,
  sub: 20,
  mul: 20,
  div: 20,
  max: 30,
  min: 30,
  gelu: 240,
  relu: 30,
  tanh: 120,
  silu: 90,
  sigmoid: 80,
  exp: 90,
  square: 30,
  rsqrt: 50,
  layerNorm: 40,
  softmax: 60,
  embedding: 8,
  gather: 8,
  transpose: 40,
  slice: 8,
  concat: 8,
  argsort: 60,
  mask: 8,
  rmsNorm: 20,
  rotary: 20,
  quantizedEmbedding: 20,
} satisfies Record<PointwiseOp, number> & Partial<Record<OpName, number>>;

/** The cost of one element of the input of a reduction. */
const FLOPS_PER_TERM = 10;

/** The cost of one element of a row of which the greatest are chosen. */
const FLOPS_PER_CHOICE = 40;

/** The cost of copying one element of an operand of a product to scratch; see `ops/product.ts`. */
const FLOPS_PER_CONVERSION = 6;

/**
 * Operations per millisecond of attention with full tiles, head dim 64: the best of some milliseconds of real
 * work. Errors: `INTERNAL` when the clock does not move.
 */
export function measureRate(): number {
  const tile = { data: new Float64Array(TILE * TILE).fill(0.5), offset: 0, stride: TILE };
  const scores = { data: new Float64Array(TILE * TILE), offset: 0, stride: TILE };
  const state = softmaxState(TILE);
  const sums = { data: state.values, offset: 0, stride: state.width };
  const computeTile = (): void => {
    scores.data.fill(0);
    addDotTile(tile, tile, scores, TILE, TILE, TILE);
    softmaxTile(scores.data, TILE, TILE, state);
    addDotTile(scores, tile, sums, TILE, TILE, TILE);
  };

  const start = workClock();
  let best = 0;
  for (let since = 0; since < PATIENCE && workClock() - start < LONGEST_MS; since++) {
    const { runs, milliseconds } = repeatFor(SAMPLE_MS, computeTile, workClock);
    const rate = (runs * 4 * TILE ** 3) / milliseconds;
    if (rate > 1.05 * best) since = 0;
    best = Math.max(best, rate);
  }
  return plausible(best, GUESSED_RATE, 'cpu/calibrate');
}

/** The cost of an operation of a product with codes, which is not tiled. */
const FLOPS_PER_QUANTIZED = 4;

/** In operations: a call, and a node that computes something. */
const FLOPS_PER_CALL = 100_000;
const FLOPS_PER_NODE = 40_000;

/**
 * In operations: a head's row of queries, a number of its keys and values that is widened, the softmax of a
 * pair.
 */
const FLOPS_PER_ROW = 900;
const FLOPS_PER_NUMBER = 2.5;
const FLOPS_PER_PAIR = 10;

/**
 * The measured rate is that of whole tiles with their softmax, at head dim 64. Products alone take this share
 * of that time.
 */
const PRODUCTS = 0.97;

/** Operations of all nodes, as the kernels perform them. */
export function countFlops(graph: Graph, plans: PlanCache): number {
  return graph.nodes.reduce(
    (sum, node) => sum + (ops[node.op].isView ? 0 : FLOPS_PER_NODE + flopsOf(node, graph, plans)),
    FLOPS_PER_CALL,
  );
}

function flopsOf(node: GraphNode, graph: Graph, plans: PlanCache): number {
  if (isPerElement(node)) return FLOPS_PER_ELEMENT[node.op] * sizeOf(graph.values[node.outputs[0]].shape);
  const specs = inputSpecs(graph, node);
  switch (node.op) {
    case 'attention':
      return attentionFlops(node, specs, plans);
    case 'lshHash':
      return ops.lshHash.flops(specs, node.attributes);
    case 'lshAttention':
      return ops.lshAttention.flops(specs, node.attributes);
    case 'reduce':
      return FLOPS_PER_TERM * sizeOf(specs.x.shape);
    case 'linear':
      return productFlops(ops.linear.flops(specs, node.attributes), node, graph);
    case 'topK':
      return FLOPS_PER_CHOICE * sizeOf(specs.x.shape);
    case 'expertLinear':
      return productFlops(ops.expertLinear.flops(specs, node.attributes), node, graph);
    case 'quantizedLinear':
      return FLOPS_PER_QUANTIZED * ops.quantizedLinear.flops(specs, node.attributes);
    case 'matmul':
      return productFlops(ops.matmul.flops(specs, node.attributes), node, graph);
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

/** A product with m × n outputs, and the conversion of its operands for every block of 64 × 64 of them. */
function productFlops(flops: number, node: GraphNode, graph: Graph): number {
  const { shape } = graph.values[node.outputs[0]];
  const columns = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(0, -1));
  const depth = flops / Math.max(1, 2 * rows * columns);
  const conversions = depth * (Math.ceil(rows / TILE) * columns + Math.ceil(columns / TILE) * rows);
  return flops + FLOPS_PER_CONVERSION * conversions;
}

/** Operations of the plan that is to be expected; the run then finds that plan in the store. */
function attentionFlops(node: NodeOf<'attention'>, specs: NamedSpecs, plans: PlanCache): number {
  const { problem, plan } = plans.expected(specs, node.attributes);
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
  const dims = headDim + valueDim;
  return (
    (2 * PRODUCTS * dims + FLOPS_PER_PAIR) * plan.stats.computedPairs +
    FLOPS_PER_ROW * batch * heads * queryLength +
    FLOPS_PER_NUMBER * batch * kvHeads * keyLength * dims
  );
}
