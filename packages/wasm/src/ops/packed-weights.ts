/**
 * Constant weights, packed once and kept in the heap as long as any executable uses them. Graphs of one model
 * for other lengths share its weights by identity, and so they share the packed form.
 */
import { type Graph, type Tensor } from '@attn/core';
import { dataIdentity, type GraphNode, type NodeOf } from '@attn/core/backend';
import type { Heap } from '../engine/heap.ts';
import type { Frame } from './frame.ts';

type Allocate = (bytes: number) => number;

/** Whether a constant input of a node is kept in packed form, so that its own is needed once only. */
export function isPacked({ op }: GraphNode, input: string): boolean {
  return (op === 'linear' || op === 'expertLinear') && input === 'weight';
}

/** A packed weight in a heap. */
interface Packed {
  readonly heap: Heap;
  readonly address: number;
  readonly users: Set<PackedWeights>;
}

/** The packed weights of an engine. */
export class WeightStore {
  /**
   * Packed weights by the identity of their data and by their shape, because one array may hold matrices of
   * two shapes.
   */
  private readonly packed = new Map<object, Map<string, Packed>>();

  /**
   * The address of a packed weight in a heap, which `user` uses from now on; undefined if it is not packed.
   */
  use(weight: Tensor, heap: Heap, user: PackedWeights): number | undefined {
    const packed = this.packed.get(dataIdentity(weight))?.get(weight.shape.join());
    if (packed?.heap !== heap) return undefined;
    packed.users.add(user);
    return packed.address;
  }

  /** Adds a weight that was not packed before. */
  add(weight: Tensor, packed: Packed): void {
    const key = dataIdentity(weight);
    const ofArray = this.packed.get(key) ?? new Map<string, Packed>();
    this.packed.set(key, ofArray.set(weight.shape.join(), packed));
  }

  /** Ends the use of a weight by `user`, and frees the weight if that was its last user. */
  release(weight: Tensor, user: PackedWeights): void {
    const key = dataIdentity(weight);
    const ofArray = this.packed.get(key);
    const packed = ofArray?.get(weight.shape.join());
    if (ofArray === undefined || packed === undefined || !packed.users.delete(user)) return;
    if (packed.users.size > 0) return;
    packed.heap.free(packed.address);
    ofArray.delete(weight.shape.join());
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
   * The address of the packed weight of a node. `pack` packs it into memory from `allocate`: memory
   * of the heap if the weight is a constant, memory of the frame if it is an input of the graph.
   */
  async of(
    node: NodeOf<'linear' | 'expertLinear'>,
    frame: Frame,
    pack: (allocate: Allocate) => Promise<number>,
  ): Promise<number> {
    const weight = this.graph.constants.get(node.inputs.weight);
    if (weight === undefined) {
      return pack((bytes) => frame.allocate(bytes));
    }
    this.used.add(weight);
    const { heap } = frame;
    const cached = this.store.use(weight, heap, this);
    if (cached !== undefined) return cached;
    let address = 0;
    try {
      await pack((bytes) => (address = heap.allocate(bytes)));
    } catch (error) {
      if (address !== 0) heap.free(address);
      throw error;
    }
    this.store.add(weight, { heap, address, users: new Set([this]) });
    return address;
  }

  /** Ends the use of all weights, and frees those that no other executable uses. */
  release(): void {
    for (const weight of this.used) this.store.release(weight, this);
    this.used.clear();
  }
}
