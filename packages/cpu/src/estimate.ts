/**
 * Predicted time of a graph: the work that core knows of each op, divided by what this machine was measured to do. Attention is
 * counted by its plan, so that a window costs what a window costs.
 */
import {
  attentionProblem,
  effectivePattern,
  inputSpecs,
  ops,
  planAttention,
  sizeOf,
  TILE,
  type Graph,
  type GraphNode,
  type NodeOf,
  type OpName,
} from '@attn/core';
import { softmaxState, softmaxTile } from './attention/softmax.ts';
import { addDotTile } from './dot-tile.ts';

/** How long the rate is measured: long enough for the engine to optimise the loops. */
const CALIBRATION_MS = 12;

/** Floating-point operations that one element of the output takes the time of, where it is not the op's arithmetic that counts. */
const FLOPS_PER_ELEMENT: Partial<Record<OpName, number>> = {
  add: 6,
  mul: 6,
  layerNorm: 15,
  gelu: 300,
  relu: 6,
  tanh: 60,
  softmax: 30,
  embedding: 2,
  gather: 2,
  transpose: 8,
  slice: 2,
  concat: 2,
};

/** Inputs of an attention node whose content decides its plan: without them the plan is known before the run. */
const PLAN_INPUTS = ['keyMask', 'queryMask', 'globalMask', 'segmentIds', 'keyLengths'];

/** Operations per millisecond of attention on full tiles, head dim 64: the best of a few milliseconds of real work. */
export function measureRate(): number {
  const tile = { data: new Float64Array(TILE * TILE).fill(0.5), offset: 0, stride: TILE };
  const scores = { data: new Float64Array(TILE * TILE), offset: 0, stride: TILE };
  const state = softmaxState(TILE);
  const sums = { data: state.values, offset: 0, stride: state.width };
  const flops = 4 * TILE ** 3;
  const start = performance.now();
  let rate = 0;
  for (let now = start; now - start < CALIBRATION_MS || rate === 0;) {
    // Several tiles at a time, because browsers make their clocks coarse.
    const tiles = 5;
    for (let i = 0; i < tiles; i++) {
      scores.data.fill(0);
      addDotTile(tile, tile, scores, TILE, TILE, TILE);
      softmaxTile(scores.data, TILE, TILE, state);
      addDotTile(scores, tile, sums, TILE, TILE, TILE);
    }
    const end = performance.now();
    if (end > now) rate = Math.max(rate, (tiles * flops) / (end - now));
    now = end;
  }
  return rate;
}

/** Operations of all nodes, as the kernels perform them. */
export function countFlops(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + flopsOf(node, graph), 0);
}

function flopsOf(node: GraphNode, graph: Graph): number {
  if (node.op === 'attention') return attentionFlops(node, graph);
  const perElement = FLOPS_PER_ELEMENT[node.op];
  if (perElement !== undefined) return perElement * sizeOf(graph.values[node.outputs[0]].shape);
  return node.op === 'reshape' ? 0 : productFlops(node, graph);
}

function productFlops(node: GraphNode, graph: Graph): number {
  const specs = inputSpecs(graph, node);
  if (node.op === 'linear') return ops.linear.flops(specs, node.attributes);
  if (node.op === 'matmul') return ops.matmul.flops(specs, node.attributes);
  return 0;
}

/** The pairs that the plan computes; where it depends on run-time data, the upper bound of all pairs. */
function attentionFlops(node: NodeOf<'attention'>, graph: Graph): number {
  const specs = inputSpecs(graph, node);
  const names = Object.keys(specs);
  const pattern = effectivePattern(node.attributes, names);
  if (names.some((name) => PLAN_INPUTS.includes(name)) || pattern.inputs.length > 0) {
    return ops.attention.flops(specs, node.attributes);
  }
  const problem = attentionProblem(specs, node.attributes);
  const { stats } = planAttention(problem, pattern, { separateGlobals: names.includes('qGlobal') });
  return 2 * stats.computedPairs * (problem.headDim + problem.valueDim);
}
