/** Makes an immutable graph of what a builder collected: the nodes that the outputs need, and a cache key. */
import { dataIdentity } from '../lazy-tensor.ts';
import { canonicalJson, hashText, type Json, type JsonObject } from '../util/json-value.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';
import { writtenStates } from './storage.ts';
import { anyNode, type Graph, type GraphNode, type NodeOf, type ValueId } from './graph.ts';

/** The nodes and values that a builder has collected so far. */
export interface GraphDraft {
  readonly values: readonly TensorSpec[];
  readonly nodes: GraphNode[];
  readonly inputs: Map<string, ValueId>;
  readonly states: Map<string, ValueId>;
  readonly constants: Map<ValueId, Tensor>;
  readonly names: Map<ValueId, string>;
}

/**
 * Makes the graph of the nodes that outputs need, and of those that write states. Inputs and states always
 * stay: they are its signature.
 */
export function finishGraph(draft: GraphDraft, outputs: ReadonlyMap<string, ValueId>): Graph {
  const live = new Set<ValueId>([
    ...outputs.values(),
    ...draft.inputs.values(),
    ...draft.states.values(),
    ...writtenStates(draft).values(),
  ]);
  const nodes = draft.nodes.toReversed().filter((node) => {
    const needed = node.outputs.some((id) => live.has(id));
    if (needed) for (const id of [...Object.values(node.inputs), ...node.outputs]) live.add(id);
    return needed;
  });

  const ids = [...live].sort((a, b) => a - b);
  const renumbered = new Map(ids.map((id, index) => [id, index]));
  const renumber = (id: ValueId): ValueId => renumbered.get(id) ?? -1;
  const onlyLive = <T>(map: ReadonlyMap<ValueId, T>): Map<ValueId, T> =>
    new Map([...map].filter(([id]) => live.has(id)).map(([id, value]) => [renumber(id), value]));

  const renumberAll = (map: ReadonlyMap<string, ValueId>): Map<string, ValueId> =>
    new Map([...map].map(([name, id]) => [name, renumber(id)]));
  return sealGraph({
    values: ids.map((id) => ({ dtype: draft.values[id].dtype, shape: draft.values[id].shape })),
    nodes: nodes.reverse().map((node) => renumberNode(node, renumber)),
    inputs: renumberAll(draft.inputs),
    states: renumberAll(draft.states),
    constants: onlyLive(draft.constants),
    outputs: renumberAll(outputs),
    names: onlyLive(draft.names),
  });
}

/** Gives a graph its key. */
export function sealGraph(graph: Omit<Graph, 'key'>): Graph {
  return Object.freeze({ ...graph, key: graphKey(graph) });
}

function renumberNode<K extends OpName>(node: NodeOf<K>, renumber: (id: ValueId) => ValueId): GraphNode {
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, renumber(id)]));
  return anyNode({ ...node, inputs, outputs: node.outputs.map(renumber) });
}

/** A hash that graphs of equal structure, shapes, attributes and constants share. */
function graphKey(graph: Omit<Graph, 'key'>): string {
  return hashOf(graph, identityOf);
}

/** A hash of a graph without the content of its constants: a model has the same in every process. */
export function structureKey(graph: Graph): string {
  return hashOf(graph, () => 0);
}

function hashOf(graph: Omit<Graph, 'key'>, constantKey: (constant: Tensor) => number): string {
  const text = canonicalJson({
    values: graph.values.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`),
    nodes: graph.nodes.map((node) => [node.op, node.inputs, node.outputs, attributesKey(node)]),
    inputs: [...graph.inputs],
    // Left out where there is none: keys of graphs without state are remembered from earlier versions.
    states: graph.states.size === 0 ? undefined : [...graph.states],
    outputs: [...graph.outputs],
    constants: [...graph.constants].map(([id, constant]) => [id, constantKey(constant)]),
  });
  const label = graph.nodes.length === 1 ? graph.nodes[0].op : `${graph.nodes.length} nodes`;
  return `${label}#${hashText(text)}`;
}

function attributesKey<K extends OpName>({ op, attributes }: NodeOf<K>): string {
  const key = ops[op].attributesKey;
  return key ? key(attributes) : canonicalJson(plainJson(attributes));
}

function plainJson(attributes: object): JsonObject {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, value as Json | undefined]),
  );
}

const identities = new WeakMap<object, number>();
/** The number of arrays that have an identity: the next one gets it as its identity. */
let identifiedArrays = 0;

/** Numbers the arrays of constants: comparing or hashing weights would take longer than to compile again. */
function identityOf(constant: Tensor): number {
  const data = dataIdentity(constant);
  let identity = identities.get(data);
  if (identity === undefined) {
    identity = identifiedArrays++;
    identities.set(data, identity);
  }
  return identity;
}
