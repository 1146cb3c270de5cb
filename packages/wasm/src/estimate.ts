/**
 * Predicted time of a graph: operations over the rate that this machine was measured to have, plus what a call costs however
 * small it is. Attention is counted by its plan, so that a window costs what a window costs.
 */
import {
  inputSpecs,
  ops,
  sizeOf,
  TILE,
  type Graph,
  type GraphNode,
  type OpName,
  type PlanCache,
} from '@attn/core';
import type { Engine } from './engine/engine.ts';
import { gemmModule, GEMM_SCRATCH_BYTES, PRODUCT, PRODUCT_BYTES, ROWS } from './kernels/gemm.ts';
import { Records } from './kernels/records.ts';

/** Milliseconds that a node takes beside its operations: checks, records, and copies of what is small. */
const NODE_MS = 0.03;

/** Extra operations of a tile, in those of its products: softmax, and being less than perfect. */
const TILE_OVERHEAD = 1.2;

/** For ops that are no products: what one element of the output costs, in operations of the measured rate. */
const FLOPS_PER_ELEMENT: Partial<Record<OpName, number>> = {
  add: 12,
  mul: 12,
  layerNorm: 24,
  gelu: 60,
  relu: 12,
  tanh: 50,
  softmax: 50,
  embedding: 12,
  gather: 12,
  transpose: 200,
  slice: 12,
  concat: 12,
};

/** Milliseconds of a measurement, and when it is given up. */
const SAMPLE_MS = 1;
const LONGEST_MS = 60;
/** The rate is found when this many samples in a row were no better: the engine has finished optimising. */
const PATIENCE = 5;

/** Operations per millisecond of one thread: products of 48 × 64 × 64 again and again. */
export function measureRate(engine: Engine): number {
  const { heap } = engine;
  const floats = heap.allocate(4 * 3 * TILE * TILE);
  const scratch = heap.allocate(GEMM_SCRATCH_BYTES);
  heap.f32(floats, 3 * TILE * TILE).fill(0.5);
  const record = new Records(PRODUCT, PRODUCT_BYTES, 1);
  const [a, b, c] = [0, 1, 2].map((index) => floats + 4 * index * TILE * TILE);
  const sizes = { rows: ROWS, columns: TILE, depth: TILE };
  record.set(0, { a, aRowStride: 4 * TILE, aDepthStride: 4, b, c, cStride: 4 * TILE, ...sizes });
  const task = heap.allocate(PRODUCT_BYTES);
  heap.i32(task, record.words.length).set(record.words);
  try {
    const module = engine.load('gemm ', (options) => gemmModule({ ...options, activation: undefined }));
    const kernel = module.kernel('multiply', heap);
    const start = performance.now();
    let best = 0;
    for (let since = 0, now = start; since < PATIENCE && now - start < LONGEST_MS; since++) {
      const from = now;
      let runs = 0;
      for (; now - from < SAMPLE_MS; runs++) {
        for (let i = 0; i < 8; i++) kernel(task, scratch);
        now = performance.now();
      }
      const rate = (runs * 8 * 2 * ROWS * TILE * TILE) / (now - from);
      if (rate > 1.05 * best) since = 0;
      best = Math.max(best, rate);
    }
    return best;
  } finally {
    for (const address of [floats, scratch, task]) heap.free(address);
  }
}

/** Predicted milliseconds of a run. */
export function predict(graph: Graph, plans: PlanCache, rate: number, threads: number): number {
  return graph.nodes.reduce((sum, node) => {
    if (ops[node.op].isView) return sum;
    const ms = flopsOf(node, graph, plans) / rate;
    // Waking helpers takes as long as a twentieth of a millisecond of work.
    const usable = ms > 0.1 ? 1 + 0.85 * (threads - 1) : 1;
    return sum + NODE_MS + ms / usable;
  }, 0);
}

function flopsOf(node: GraphNode, graph: Graph, plans: PlanCache): number {
  const perElement = FLOPS_PER_ELEMENT[node.op];
  if (perElement !== undefined) return perElement * sizeOf(graph.values[node.outputs[0]].shape);
  const specs = inputSpecs(graph, node);
  switch (node.op) {
    case 'attention': {
      const { problem, plan } = plans.expected(specs, node.attributes);
      return 2 * plan.stats.computedPairs * (problem.headDim + problem.valueDim) * TILE_OVERHEAD;
    }
    case 'linear':
      return ops.linear.flops(specs, node.attributes);
    case 'matmul':
      return ops.matmul.flops(specs, node.attributes);
    default:
      return 0;
  }
}
