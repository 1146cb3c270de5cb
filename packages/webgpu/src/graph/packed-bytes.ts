/**
 * Weights of codes take a byte for a byte on the device, which their kernels read. All other bytes take a
 * word each, so that every kernel that moves elements moves them.
 */
import type { Graph } from '@attn/core';
import type { GraphNode, ValueId } from '@attn/core/backend';
import { deviceBytes, type DeviceFormat } from './device-format.ts';

/** Ops that read packed bytes, and the operands that are packed. */
const READERS: ReadonlySet<string> = new Set(['quantizedLinear', 'quantizedEmbedding']);
const PACKED: ReadonlySet<string> = new Set(['codes', 'zeroPoints']);

/** Whether a value's bytes are packed: a constant that is read as codes, and in no other way. */
export function hasPackedBytes(graph: Graph, id: ValueId): boolean {
  if (graph.values[id].dtype !== 'u8' || !graph.constants.has(id)) return false;
  for (const output of graph.outputs.values()) if (output === id) return false;
  return graph.nodes.every((node) =>
    Object.entries(node.inputs).every(
      ([name, input]) => input !== id || (READERS.has(node.op) && PACKED.has(name)),
    ),
  );
}

/** Bytes of a value of a graph on the device. */
export function valueBytes(graph: Graph, id: ValueId, format: DeviceFormat): number {
  const spec = graph.values[id];
  return hasPackedBytes(graph, id)
    ? Math.ceil(deviceBytes(spec, format) / 16) * 4
    : deviceBytes(spec, format);
}

/** The operands of a node whose bytes a dispatch packs before: they are no constants, or others read them. */
export function bytesToPack(graph: Graph, { op, inputs }: GraphNode): ValueId[] {
  if (!READERS.has(op)) return [];
  const bytes = Object.entries(inputs).filter(([name, id]) => PACKED.has(name) && !hasPackedBytes(graph, id));
  return bytes.map(([, id]) => id);
}
