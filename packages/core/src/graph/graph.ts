/**
 * A graph is what a backend compiles: a static-shape list of few ops in execution order. A single attention
 * call is a graph of one node; a whole model is a longer one. Built with `GraphBuilder`, immutable
 * afterwards.
 */
import type { OpAttributes } from '../ops/attributes.ts';
import type { OpName } from '../ops/op-name.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';

/** Index of a value in `Graph.values`. */
export type ValueId = number;

/** An op applied to values by name. Absent optional inputs have no entry. */
export interface NodeOf<K extends OpName> {
  readonly op: K;
  readonly inputs: Readonly<Record<string, ValueId>>;
  readonly attributes: OpAttributes[K];
  readonly outputs: readonly ValueId[];
}

/** A node of any op. Narrow it by `node.op`. */
export type GraphNode = { [K in OpName]: NodeOf<K> }[OpName];

/** Widens a node of one op to a node of any op, which TypeScript does not do for a generic K. */
export function anyNode<K extends OpName>(node: NodeOf<K>): GraphNode {
  return node as GraphNode;
}

/** A computation with static shapes, ready to be compiled and run. `GraphBuilder` makes one. */
export interface Graph {
  /** Spec of every value, by id. */
  readonly values: readonly TensorSpec[];
  /** The nodes in execution order: a node only reads values of earlier nodes. */
  readonly nodes: readonly GraphNode[];
  /** Values that each run is given, by name. */
  readonly inputs: ReadonlyMap<string, ValueId>;
  /**
   * Values that live on the backend between runs, by name: their content before the run. `writeRows` of one,
   * or of what it has written, is done in place; see `State`.
   */
  readonly states: ReadonlyMap<string, ValueId>;
  /** Weights and tables, whose content is there at compile time. */
  readonly constants: ReadonlyMap<ValueId, Tensor>;
  /** Values that each run returns, by name. */
  readonly outputs: ReadonlyMap<string, ValueId>;
  /** Names of inputs, states, and constants that have one, for people and for exported files. */
  readonly names: ReadonlyMap<ValueId, string>;
  /** The cache key: equal for graphs of equal structure, shapes, attributes and, by identity, constants. */
  readonly key: string;
}

/** The inputs of a node of any op. */
type AnyInputs = Pick<NodeOf<OpName>, 'inputs'>;

/** The specs of a node's inputs, by name. */
export function inputSpecs(graph: Graph, node: AnyInputs): Record<string, TensorSpec> {
  return namedInputs(node, graph.values);
}

/** Looks up a node's inputs in a table by value id; the entries are returned by name. */
export function namedInputs<T>(node: AnyInputs, byId: readonly T[]): Record<string, T> {
  const byName: Record<string, T> = {};
  for (const [name, id] of Object.entries(node.inputs)) byName[name] = byId[id];
  return byName;
}
