/** Constant weights, packed once for an executable and kept in the heap until it is gone. */
import type { Graph, NodeOf } from '@attn/core';
import type { Heap } from '../engine/heap.ts';
import { packedBytes } from '../kernels/gemm.ts';
import type { Frame } from './frame.ts';

/** Sizes of a right operand. */
export interface PackedSize {
  readonly columns: number;
  readonly depth: number;
}

type Allocate = (size: PackedSize) => number;

/** The packed weights of one executable. */
export class PackedWeights {
  private readonly graph: Graph;
  private readonly packed = new Map<object, { readonly heap: Heap; readonly address: number }>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /**
   * The packed weight of a `linear` node. `pack` packs it into memory that it asks for: the heap's for weights that are constants,
   * the frame's for those that are fed.
   */
  async of(
    node: NodeOf<'linear'>,
    frame: Frame,
    pack: (allocate: Allocate) => Promise<number>,
  ): Promise<number> {
    if (!this.graph.constants.has(node.inputs.weight)) {
      return pack(({ columns, depth }) => frame.allocate(packedBytes(columns, depth)));
    }
    const known = this.packed.get(node);
    if (known) return known.address;
    const { heap } = frame;
    let address = 0;
    try {
      await pack(({ columns, depth }) => (address = heap.allocate(packedBytes(columns, depth))));
    } catch (error) {
      if (address !== 0) heap.free(address);
      throw error;
    }
    this.packed.set(node, { heap, address });
    return address;
  }

  /** Gives all of them back. */
  release(): void {
    for (const { heap, address } of this.packed.values()) heap.free(address);
    this.packed.clear();
  }
}
