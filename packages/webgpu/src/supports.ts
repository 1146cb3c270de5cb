/**
 * Decides whether a device can run a node: is there a kernel, do its tensors fit, does attention keep its
 * limits.
 */
import { type Graph } from '@attn/core';
import {
  inputSpecs,
  lshProblem,
  planObstacle,
  sizeOf,
  tablesOf,
  type GraphNode,
  type NodeOf,
} from '@attn/core/backend';
import type { DeviceFormat } from './graph/device-format.ts';
import { valueBytes } from './graph/packed-bytes.ts';
import { EMIT } from './ops/index.ts';
import { lshObstacle } from './ops/lsh-attention.ts';
import { sortObstacle } from './ops/lsh.ts';
import { quantizedObstacle } from './ops/quantized.ts';
import { leastSlice } from './ops/slices.ts';

/** The properties of a device that decide on support. */
export interface SupportLimits extends DeviceFormat {
  readonly limits: Pick<
    GPUSupportedLimits,
    'maxStorageBufferBindingSize' | 'maxBufferSize' | 'maxStorageBuffersPerShaderStage'
  >;
}

/** The limits that every WebGPU device has. */
export const LEAST_LIMITS: SupportLimits['limits'] = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxStorageBuffersPerShaderStage: 8,
};

/** Largest head dim and value dim, which registers and shared memory limit. */
const MOST_DIM = 512;

/** Tensors that attention reads or writes slice by slice where they exceed a binding. */
const SLICED: ReadonlySet<string> = new Set(['q', 'k', 'v', 'qGlobal', 'kGlobal', 'vGlobal', 'out']);

/** True if the device can run the node, else the reason in a sentence. */
export function supportsNode(node: GraphNode, graph: Graph, device: SupportLimits): true | string {
  if (EMIT[node.op] === undefined) return `there is no kernel for ${node.op}`;
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const outputs = node.outputs.map((id, i) => [i === 0 ? 'out' : 'lse', id] as const);
  for (const [name, id] of [...Object.entries(node.inputs), ...outputs]) {
    const whole = valueBytes(graph, id, device);
    const bytes =
      isAttention(node) && SLICED.has(name)
        ? leastSlice(whole, graph.values[id], node.attributes.layout ?? 'bhnd')
        : whole;
    if (Math.min(bytes, whole) > maxStorageBufferBindingSize) {
      return `a tensor of it takes ${whole} bytes, and this device binds at most ${maxStorageBufferBindingSize}`;
    }
    if (whole > maxBufferSize) {
      return `a tensor of it takes ${whole} bytes, and this device's buffers have at most ${maxBufferSize}`;
    }
  }
  switch (node.op) {
    case 'attention':
      return supportsAttention(node, graph, device);
    case 'lshAttention':
      return supportsLshAttention(node, graph, device);
    case 'expertLinear':
      return (
        sortObstacle([sizeOf(graph.values[node.inputs.experts].shape)], maxStorageBufferBindingSize) ?? true
      );
    case 'quantizedLinear':
      return quantizedObstacle(graph, node, maxStorageBufferBindingSize) ?? true;
    case 'argsort':
      return sortObstacle(graph.values[node.inputs.x].shape, maxStorageBufferBindingSize) ?? true;
    default:
      return true;
  }
}

function supportsLshAttention(
  node: NodeOf<'lshAttention'>,
  graph: Graph,
  { limits }: SupportLimits,
): true | string {
  const problem = lshProblem(inputSpecs(graph, node), node.attributes);
  return dimObstacle(problem) ?? lshObstacle(problem, limits.maxStorageBufferBindingSize) ?? true;
}

function dimObstacle(dims: { readonly headDim: number; readonly valueDim: number }): string | undefined {
  const { headDim, valueDim } = dims;
  if (headDim > MOST_DIM) return `head dim must be ≤ ${MOST_DIM}, got ${headDim}`;
  return valueDim > MOST_DIM ? `value dim must be ≤ ${MOST_DIM}, got ${valueDim}` : undefined;
}

function supportsAttention(
  node: NodeOf<'attention'>,
  graph: Graph,
  { limits }: SupportLimits,
): true | string {
  const { q, v } = inputSpecs(graph, node);
  const obstacle = dimObstacle({ headDim: q.shape[3], valueDim: v.shape[3] });
  if (obstacle !== undefined) return obstacle;
  const extra = ['alibiSlopes', 'relativeBias', 'bias'].filter((name) => node.inputs[name] !== undefined);
  const tables = Object.keys(tablesOf(node.inputs)).length;
  const bindings = 4 + extra.length + tables + node.outputs.length;
  const most = limits.maxStorageBuffersPerShaderStage;
  if (bindings > most) return `it needs ${bindings} storage buffers, and this device binds at most ${most}`;
  return planObstacle(graph, node) ?? true;
}

function isAttention(node: GraphNode): node is NodeOf<'attention'> {
  return node.op === 'attention';
}
