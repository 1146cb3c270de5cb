/**
 * Lays out the intermediates of a graph: values that are never alive at the same time share memory, so that a
 * model of a hundred layers needs the memory of its widest one. Greedy by size, each value in the smallest
 * gap that fits: Pisarchyk & Lee 2020, https://arxiv.org/abs/2001.03288
 */
import { byteLengthOf, type TensorSpec } from '../tensor.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { storageOf } from '../graph/storage.ts';
import { specsInBlocks, type RowBlocks } from './row-blocks.ts';

/** Offsets in the arena are multiples of this. */
export const ARENA_ALIGNMENT = 64;

/** The place of an intermediate in the arena, and the nodes during which it is alive. */
export interface Placement {
  /** Bytes from the start of the arena. */
  readonly offset: number;
  readonly byteLength: number;
  /** The index of the node that writes it, and of the last node that reads it. */
  readonly first: number;
  readonly last: number;
}

/** The memory layout of a run. */
export interface MemoryPlan {
  /** For each value, the value whose memory it uses: itself, the one that it is a view of, or a state. */
  readonly storage: readonly ValueId[];
  /** The specs of all values; those of inner values of blocks of rows are of one block. */
  readonly specs: readonly TensorSpec[];
  /** The places of intermediates. Inputs, states, constants, outputs and views are outside of the arena. */
  readonly placements: ReadonlyMap<ValueId, Placement>;
  /** The bytes of the arena. */
  readonly peakBytes: number;
  /** The bytes that the arena would have if no values shared memory. */
  readonly totalBytes: number;
}

/**
 * Lays out the intermediates of a graph.
 *
 * @param blocks the runs of nodes that are computed block by block; default: none
 */
export function planMemory(graph: Graph, blocks: readonly RowBlocks[] = []): MemoryPlan {
  const storage = storageOf(graph);
  const specs = specsInBlocks(graph, blocks);
  const outside = new Set<ValueId>([
    ...graph.inputs.values(),
    ...graph.states.values(),
    ...graph.constants.keys(),
  ]);
  for (const id of graph.outputs.values()) outside.add(storage[id]);

  const lifetimes = new Map<ValueId, { first: number; last: number }>();
  graph.nodes.forEach((node, index) => {
    for (const id of node.outputs) {
      if (storage[id] === id && !outside.has(id)) lifetimes.set(id, { first: index, last: index });
    }
    for (const id of Object.values(node.inputs)) {
      const lifetime = lifetimes.get(storage[id]);
      if (lifetime) lifetime.last = index;
    }
  });

  for (const { first, last, inner } of blocks) {
    for (const node of graph.nodes.slice(first, last + 1)) {
      for (const id of [...Object.values(node.inputs), ...node.outputs]) {
        const lifetime = lifetimes.get(storage[id]);
        if (lifetime === undefined || inner.has(id)) continue;
        // Every block reads and writes it.
        lifetime.first = Math.min(lifetime.first, first);
        lifetime.last = Math.max(lifetime.last, last);
      }
    }
  }

  const values = [...lifetimes].map(([id, lifetime]) => ({
    id,
    ...lifetime,
    byteLength: byteLengthOf(specs[id]),
  }));
  values.sort((a, b) => b.byteLength - a.byteLength || a.first - b.first);
  const placements = new Map<ValueId, Placement>();
  let peakBytes = 0;
  let totalBytes = 0;
  for (const { id, first, last, byteLength } of values) {
    const alive = [...placements.values()].filter((other) => first <= other.last && other.first <= last);
    const offset = bestGap(alive, byteLength);
    placements.set(id, { offset, byteLength, first, last });
    peakBytes = Math.max(peakBytes, offset + byteLength);
    totalBytes += aligned(byteLength);
  }
  return { storage, specs, placements, peakBytes, totalBytes };
}

/** The offset of the smallest gap between these placements that holds `byteLength`, or the end of them. */
function bestGap(placements: readonly Placement[], byteLength: number): number {
  let best = -1;
  let bestSize = Infinity;
  let end = 0;
  for (const other of placements.toSorted((a, b) => a.offset - b.offset)) {
    const gap = other.offset - end;
    if (gap >= byteLength && gap < bestSize) {
      best = end;
      bestSize = gap;
    }
    end = Math.max(end, aligned(other.offset + other.byteLength));
  }
  return best < 0 ? end : best;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}
