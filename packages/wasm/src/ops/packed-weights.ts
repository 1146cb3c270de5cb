/**
 * Constant weights, packed once and kept in the heap as long as any executable has them: graphs of one model for other lengths share its
 * weights by identity, and so they share what was packed of them.
 */
import { type Graph, type Tensor } from '@attn/core';
import { dataIdentity, type NodeOf } from '@attn/core/backend';
import type { Heap } from '../engine/heap.ts';
import { packedBytes } from '../kernels/gemm.ts';
import type { Frame } from './frame.ts';

/** Sizes of a right operand. */
export interface PackedSize {
  readonly columns: number;
  readonly depth: number;
}

type Allocate = (size: PackedSize) => number;

interface Packed {
  readonly heap: Heap;
  readonly address: number;
  readonly users: Set<PackedWeights>;
}

/** What is packed in one engine. */
export class WeightStore {
  /** By the identity of a weight's data and by its number of columns, since the same array may stand for matrices of two shapes. */
  private readonly packed = new Map<object, Map<number, Packed>>();

  /** The address of a packed weight in this heap, which `user` has from now on. */
  use(weight: Tensor, heap: Heap, user: PackedWeights): number | undefined {
    const found = this.packed.get(dataIdentity(weight))?.get(weight.shape[0]);
    if (found?.heap !== heap) return undefined;
    found.users.add(user);
    return found.address;
  }

  /** Adds one that nobody has packed before. */
  add(weight: Tensor, packed: Packed): void {
    const key = dataIdentity(weight);
    const ofArray = this.packed.get(key) ?? new Map<number, Packed>();
    this.packed.set(key, ofArray.set(weight.shape[0], packed));
  }

  /** Gives back what nobody but `user` has. */
  release(weight: Tensor, user: PackedWeights): void {
    const key = dataIdentity(weight);
    const ofArray = this.packed.get(key);
    const packed = ofArray?.get(weight.shape[0]);
    if (ofArray === undefined || packed === undefined || !packed.users.delete(user)) return;
    if (packed.users.size > 0) return;
    packed.heap.free(packed.address);
    ofArray.delete(weight.shape[0]);
    if (ofArray.size === 0) this.packed.delete(key);
  }
}

/** The packed weights of one executable. */
export class PackedWeights {
  private readonly graph: Graph;
  private readonly store: WeightStore;
  private readonly used = new Set<Tensor>();

  constructor(graph: Graph, store: WeightStore) {
    this.graph = graph;
    this.store = store;
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
    const weight = this.graph.constants.get(node.inputs.weight);
    if (weight === undefined) {
      return pack(({ columns, depth }) => frame.allocate(packedBytes(columns, depth)));
    }
    this.used.add(weight);
    const { heap } = frame;
    const known = this.store.use(weight, heap, this);
    if (known !== undefined) return known;
    let address = 0;
    try {
      await pack(({ columns, depth }) => (address = heap.allocate(packedBytes(columns, depth))));
    } catch (error) {
      if (address !== 0) heap.free(address);
      throw error;
    }
    this.store.add(weight, { heap, address, users: new Set([this]) });
    return address;
  }

  /** Gives back those that no other executable has. */
  release(): void {
    for (const weight of this.used) this.store.release(weight, this);
    this.used.clear();
  }
}
