/**
 * A graph is what a backend compiles: a static-shape list of few ops in execution order. A single attention call is
 * a graph of one node; a whole model is a longer one. Built with `GraphBuilder`, immutable afterwards.
 */
import type { OpAttributes } from '../ops/attributes.ts';
import type { OpName } from '../ops/op-name.ts';
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
export type GraphNode = { [K in OpName]: NodeOf<K> }[OpName];

/** A node of one op as a node of any op: true for every K, but TypeScript does not distribute a generic K by itself. */
export function anyNode<K extends OpName>(node: NodeOf<K>): GraphNode {
  return node as GraphNode;
}

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
  /** Names of inputs and of constants that were given one, for people and for exported files. */
  readonly names: ReadonlyMap<ValueId, string>;
  /** Equal for graphs of equal structure, shapes, attributes and (by identity) constants: the cache key. */
  readonly key: string;
}

/** What a node of any op reads. */
type AnyInputs = Pick<NodeOf<OpName>, 'inputs'>;

/** Specs of a node's inputs, by name. */
export function inputSpecs(graph: Graph, node: AnyInputs): Record<string, TensorSpec> {
  return namedInputs(node, graph.values);
}

/** What stands in a table by value id, for a node's inputs, by name. */
export function namedInputs<T>(node: AnyInputs, byId: readonly T[]): Record<string, T> {
  const named: Record<string, T> = {};
  for (const [name, id] of Object.entries(node.inputs)) named[name] = byId[id];
  return named;
}
