/**
 * A graph is what a backend compiles: a static-shape list of few ops in execution order. A single attention call is
 * a graph of one node; a whole model is a longer one. Built with `GraphBuilder`, immutable afterwards.
 */
import type { OpAttributes, OpName } from '../ops/attributes.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';

/** Index of a value in `Graph.values`. */
export type ValueId = number;

/** One op applied to named values. Optional inputs that are absent have no entry. */
export interface NodeOf<K extends OpName> {
  readonly op: K;
  readonly inputs: Readonly<Record<string, ValueId>>;
  readonly attributes: OpAttributes[K];
  readonly outputs: readonly ValueId[];
}

/** A node of any op. Narrow it by `node.op`. */
export type GraphNode<K extends OpName = OpName> = { [P in K]: NodeOf<P> }[K];

/** A static-shape computation. */
export interface Graph {
  /** Spec of every value, by id. */
  readonly values: readonly TensorSpec[];
  /** In execution order: a node only reads values that stand before it. */
  readonly nodes: readonly GraphNode[];
  /** Fed at each run, by name. */
  readonly inputs: ReadonlyMap<string, ValueId>;
  /** Weights and tables, known at compile time. */
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** Returned from each run, by name. */
  readonly outputs: ReadonlyMap<string, ValueId>;
  /** Equal for graphs of equal structure, shapes, attributes and (by identity) constants: the cache key. */
  readonly key: string;
}

/** Specs of a node's inputs, by name. */
export function inputSpecs(graph: Graph, node: GraphNode): Record<string, TensorSpec> {
  const specs: Record<string, TensorSpec> = {};
  for (const [name, id] of Object.entries(node.inputs)) specs[name] = graph.values[id];
  return specs;
}
