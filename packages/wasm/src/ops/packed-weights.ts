/**
 * Constant weights, packed once and kept in the heap as long as any executable uses them. Graphs of one model
 * for other lengths share its weights by identity, and so they share the packed form.
 */
import { type Graph, type Tensor } from '@attn/core';
import { dataIdentity, type GraphNode, type NodeOf, type ValueId } from '@attn/core/backend';
import type { Heap } from '../engine/heap.ts';
import type { Frame } from './frame.ts';

type Allocate = (bytes: number) => number;

/** Whether a constant input of a node is kept in packed form, so that its own is needed once only. */
export function isPacked(graph: Graph, node: GraphNode, input: string): boolean {
  const { op } = node;
  if (op === 'embedding') return input === 'table' && isTableOfProduct(graph, node);
  if (op === 'quantizedLinear') return input === 'codes' || input === 'scales' || input === 'zeroPoints';
  return (op === 'linear' || op === 'expertLinear') && input === 'weight';
}

/** Whether the table of an `embedding` is a constant that `linear` multiplies with, in the same numbers. */
function isTableOfProduct({ constants, nodes }: Graph, { inputs: { table } }: GraphNode): boolean {
  return (
    constants.get(table)?.dtype === 'f32' &&
    nodes.some(({ op, inputs }) => op === 'linear' && inputs.weight === table)
  );
}

/** A packed weight in a heap. */
interface Packed {
  readonly heap: Heap;
  readonly address: number;
  readonly users: Set<PackedWeights>;
}

/** The packed weights of an engine. */
export class WeightStore {
  /** Packed weights by what `keyOf` says. */
  private readonly packed = new Map<string, Packed>();
  /** Numbers of arrays, or of what they are read from. */
  private readonly numbers = new WeakMap<object, number>();
  private count = 0;

  /**
   * What tells a packed weight from others: the identity of the data of its parts, their shapes, because one
   * array may hold matrices of two shapes, and the form in which they are packed.
   */
  keyOf(parts: readonly Tensor[], form: string): string {
    return [form, ...parts.map((part) => `${this.numberOf(dataIdentity(part))}:${part.shape.join()}`)].join(
      ' ',
    );
  }

  private numberOf(identity: object): number {
    let number = this.numbers.get(identity);
    if (number === undefined) this.numbers.set(identity, (number = ++this.count));
    return number;
  }

  /**
   * The address of a packed weight in a heap, which `user` uses from now on; undefined if it is not packed.
   */
  use(key: string, heap: Heap, user: PackedWeights): number | undefined {
    const packed = this.packed.get(key);
    if (packed?.heap !== heap) return undefined;
    packed.users.add(user);
    return packed.address;
  }

  /** Adds a weight that was not packed before. */
  add(key: string, packed: Packed): void {
    this.packed.set(key, packed);
  }

  /** Ends the use of a weight by `user`, and frees the weight if that was its last user. */
  release(key: string, user: PackedWeights): void {
    const packed = this.packed.get(key);
    if (packed === undefined || !packed.users.delete(user) || packed.users.size > 0) return;
    packed.heap.free(packed.address);
    this.packed.delete(key);
  }
}

/** A weight of a graph. */
export interface WeightParts {
  /** The values that it consists of, constants or not; absent ones are undefined. */
  readonly ids: readonly (ValueId | undefined)[];
  /** The form in which it is packed, where its parts do not say it. */
  readonly form?: string;
}

/** The packed weights of one executable. */
export class PackedWeights {
  private readonly graph: Graph;
  private readonly store: WeightStore;
  private readonly used = new Set<string>();

  constructor(graph: Graph, store: WeightStore) {
    this.graph = graph;
    this.store = store;
  }

  /** Whether the table of an `embedding` is packed for a product of the graph. */
  hasPackedTable(node: NodeOf<'embedding'>): boolean {
    return isPacked(this.graph, node, 'table');
  }

  /**
   * The address of a packed weight. `pack` packs it into memory from `allocate`: memory of the heap if all
   * its parts are constants, memory of the frame if one is an input of the graph.
   */
  async of(
    { ids, form = '' }: WeightParts,
    frame: Frame,
    pack: (allocate: Allocate) => Promise<number>,
  ): Promise<number> {
    const present = ids.filter((id) => id !== undefined);
    const parts = present.map((id) => this.graph.constants.get(id)).filter((part) => part !== undefined);
    if (parts.length < present.length) {
      return pack((bytes) => frame.allocate(bytes));
    }
    const key = this.store.keyOf(parts, form);
    this.used.add(key);
    const { heap } = frame;
    const cached = this.store.use(key, heap, this);
    if (cached !== undefined) return cached;
    let address = 0;
    try {
      await pack((bytes) => (address = heap.allocate(bytes)));
    } catch (error) {
      if (address !== 0) heap.free(address);
      throw error;
    }
    this.store.add(key, { heap, address, users: new Set([this]) });
    return address;
  }

  /** Ends the use of all weights, and frees those that no other executable uses. */
  release(): void {
    for (const key of this.used) this.store.release(key, this);
    this.used.clear();
  }
}
