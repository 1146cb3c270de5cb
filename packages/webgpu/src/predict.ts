/**
 * How long a graph will take: operations over the rate of a product, bytes over the bus, and some time for
 * the call.
 */
import { AttnError, f32, GraphBuilder, type Graph, type Json, type JsonObject } from '@attn/core';
import {
  clock,
  inputSpecs,
  isPlausible,
  lshProblem,
  ops,
  PlanCache,
  sizeOf,
  TILE,
  type LshProblem,
  type NodeOf,
  type OpName,
} from '@attn/core/backend';
import type { GpuDevice } from './device/gpu-device.ts';
import { Program, type ProgramOptions } from './graph/program.ts';
import { digitsOf, sortPasses } from './ops/lsh.ts';
import { deviceBytes, type DeviceFormat } from './graph/device-format.ts';
import { bytesToPack } from './graph/packed-bytes.ts';

/** What predictions rest on. */
export interface Speed extends DeviceFormat {
  /** Operations per millisecond of products. */
  readonly rate: number;
  /** Milliseconds of a call that computes nothing. */
  readonly callMs: number;
}

/** Bytes per millisecond between host and device, there and back: a slow bus, and the copies around it. */
const BUS = 2e6;

/** Milliseconds that a dispatch takes beside its operations. */
const DISPATCH_MS = 0.01;

/** Dispatches of a digit of a sort, and those of LSH attention where its rounds fit into memory. */
const SORT_DISPATCHES = 3;
const LSH_DISPATCHES = 4;

/** Operations that moving an element by a digit is worth: its bytes go to places all over the memory. */
const SORT_OPS = 300;

/**
 * What a product of integers is worth in one of f32: GPUs multiply integers of 32 bits at half the rate of
 * floats, and bytes four at a time.
 */
const INTEGER_OPS = { float: 1, int12: 2, int8: 1 } as const;

/** Softmax and masks beside the products of attention. */
const ATTENTION_SHARE = 0.7;

/** A CPU that plays the GPU is slower than any other backend; it is not worth measuring. */
export const SOFTWARE: Speed = { rate: 5e5, callMs: 2, hasF16: false };

/** A GPU of which nothing is known yet: a small one. */
export const DEFAULT: Speed = { rate: 5e8, callMs: 0.5, hasF16: false };

/** A call that computes nothing and takes longer than this was kept from it by something else. */
const LONGEST_CALL_MS = 1000;

/** What an earlier measurement found, or undefined when this is none. */
export function knownSpeed(json: Json | undefined): Pick<Speed, 'rate' | 'callMs'> | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { rate, callMs } = json as JsonObject;
  const isKnown =
    isPlausible(rate, DEFAULT.rate) && typeof callMs === 'number' && callMs >= 0 && callMs < LONGEST_CALL_MS;
  return isKnown ? { rate, callMs } : undefined;
}

/** Predicted milliseconds of one run. */
export function predict(graph: Graph, plans: PlanCache, speed: Speed): number {
  const { rate, callMs } = speed;
  const outside = [...graph.inputs.values(), ...graph.outputs.values()];
  const bytes = outside.reduce((sum, id) => sum + deviceBytes(graph.values[id], speed), 0);
  const nodes = graph.nodes.reduce(
    (sum, node) => sum + DISPATCH_MS * dispatchesOf(graph, node) + flopsOf(graph, node, plans) / rate,
    0,
  );
  return callMs + bytes / BUS + nodes;
}

function flopsOf<K extends OpName>(graph: Graph, node: NodeOf<K>, plans: PlanCache): number {
  const specs = inputSpecs(graph, node);
  if (is(node, 'attention')) {
    const { problem, plan } = plans.expected(specs, node.attributes);
    return (2 * plan.stats.computedPairs * (problem.headDim + problem.valueDim)) / ATTENTION_SHARE;
  }
  if (is(node, 'lshAttention')) {
    const problem = lshProblem(specs, node.attributes);
    return (2 * computedPairs(problem) * (problem.headDim + problem.valueDim)) / ATTENTION_SHARE;
  }
  if (is(node, 'argsort')) return SORT_OPS * sizeOf(specs.x.shape) * sortPasses(graph, node.inputs.x);
  const flops = ops[node.op].flops(specs, node.attributes);
  return is(node, 'quantizedLinear') ? INTEGER_OPS[node.attributes.inputs ?? 'float'] * flops : flops;
}

/** Pairs of the tiles that blocks of rows see in all rounds. */
function computedPairs(problem: LshProblem): number {
  const { batch, heads, rounds, length, chunkLength, chunksBefore, chunksAfter } = problem;
  const chunk = Math.min(chunkLength, length);
  const chunks = Math.ceil(TILE / chunk) + chunksBefore + chunksAfter;
  const tiles = Math.ceil(length / TILE) * Math.ceil((chunks * chunk) / TILE);
  return length === 0 ? 0 : batch * heads * rounds * tiles * TILE ** 2;
}

function dispatchesOf(graph: Graph, node: NodeOf<OpName>): number {
  if (is(node, 'argsort')) return SORT_DISPATCHES * sortPasses(graph, node.inputs.x);
  if (is(node, 'expertLinear'))
    return 1 + SORT_DISPATCHES * digitsOf(graph.values[node.inputs.weight].shape[0]);
  if (is(node, 'quantizedLinear')) {
    const findsScales = (node.attributes.inputs ?? 'float') !== 'float';
    return 1 + Number(findsScales) + bytesToPack(graph, node).length;
  }
  if (is(node, 'quantizedEmbedding')) return 1 + bytesToPack(graph, node).length;
  return is(node, 'lshAttention') ? LSH_DISPATCHES : 1;
}

function is<K extends OpName>(node: NodeOf<OpName>, op: K): node is NodeOf<K> {
  return node.op === op;
}

/** Side of the matrices that are multiplied to measure. */
const SIDE = 1024;

/** How often, for the least: a GPU that has had nothing to do takes a while to wake up. */
const RUNS = 10;

/**
 * Measures a device: a product of matrices that are there already, and a call that does next to nothing.
 * Errors: `INTERNAL` where the clock tells nothing.
 */
export async function measureSpeed(gpu: GpuDevice, options: ProgramOptions): Promise<Speed> {
  const { isSoftware, hasF16 } = options;
  if (isSoftware) return { ...SOFTWARE, hasF16 };
  const plans = new PlanCache();
  const unheard = { ...options, onGpuTime: undefined };
  const best = async (side: number): Promise<number> => {
    const builder = new GraphBuilder();
    const matrix = () => builder.constant(f32([side, side], new Float32Array(side * side).fill(0.5)));
    const corner = builder.slice(builder.matmul(matrix(), matrix()), [0, 0], [1, 1]);
    const program = await Program.create(gpu, builder.build({ corner }), plans, unheard);
    try {
      let least = Infinity;
      const begin = clock.now();
      for (let i = 0; i < RUNS; i++) {
        const start = clock.now();
        await program.run({ inputs: {} });
        least = Math.min(least, clock.now() - start);
      }
      // Some browsers' clocks move in steps that are longer than a call.
      return least > 0 ? least : (clock.now() - begin) / RUNS;
    } finally {
      program.dispose();
    }
  };
  const callMs = await best(4);
  const productMs = await best(SIDE);
  const rate = (2 * SIDE ** 3) / Math.max(0.05, productMs - callMs);
  if (callMs > 0 && productMs > 0 && knownSpeed({ rate, callMs }) !== undefined)
    return { hasF16, callMs, rate };
  const message = `expected a plausible speed, got calls of ${callMs} ms and products of ${productMs} ms`;
  throw new AttnError('INTERNAL', 'webgpu/calibrate', message);
}
