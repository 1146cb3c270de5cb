/** From what a builder collected to an immutable graph: only what the outputs need, renumbered, with its cache key. */
import { dataIdentity } from '../lazy-tensor.ts';
import { canonicalJson, hashText, type Json, type JsonObject } from '../util/json-value.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';
import { anyNode, type Graph, type GraphNode, type NodeOf, type ValueId } from './graph.ts';

/** What a builder has collected so far. */
export interface GraphDraft {
  readonly values: readonly TensorSpec[];
  readonly nodes: GraphNode[];
  readonly inputs: Map<string, ValueId>;
  readonly constants: Map<ValueId, Tensor>;
  readonly names: Map<ValueId, string>;
}

/** The graph of the nodes that the outputs depend on. Inputs stay even when unused: they are the graph's signature. */
export function finishGraph(draft: GraphDraft, outputs: ReadonlyMap<string, ValueId>): Graph {
  const live = new Set<ValueId>([...outputs.values(), ...draft.inputs.values()]);
  const nodes = draft.nodes.toReversed().filter((node) => {
    const needed = node.outputs.some((id) => live.has(id));
    if (needed) for (const id of [...Object.values(node.inputs), ...node.outputs]) live.add(id);
    return needed;
  });

  const kept = [...live].sort((a, b) => a - b);
  const renumbered = new Map(kept.map((id, index) => [id, index]));
  const renumber = (id: ValueId): ValueId => renumbered.get(id) ?? -1;
  const onlyLive = <T>(map: ReadonlyMap<ValueId, T>): Map<ValueId, T> =>
    new Map([...map].filter(([id]) => live.has(id)).map(([id, value]) => [renumber(id), value]));

  const graph = {
    values: kept.map((id) => ({ dtype: draft.values[id].dtype, shape: draft.values[id].shape })),
    nodes: nodes.reverse().map((node) => renumberNode(node, renumber)),
    inputs: new Map([...draft.inputs].map(([name, id]) => [name, renumber(id)])),
    constants: onlyLive(draft.constants),
    outputs: new Map([...outputs].map(([name, id]) => [name, renumber(id)])),
    names: onlyLive(draft.names),
  };
  return Object.freeze({ ...graph, key: graphKey(graph) });
}

function renumberNode<K extends OpName>(node: NodeOf<K>, renumber: (id: ValueId) => ValueId): GraphNode {
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, id]) => [name, renumber(id)]));
  return anyNode({ ...node, inputs, outputs: node.outputs.map(renumber) });
}

/** Text that is equal for graphs of equal structure, shapes, attributes and constants, as a hash. */
function graphKey(graph: Omit<Graph, 'key'>): string {
  return hashOf(graph, identityOf);
}

/** The same without what the constants hold: the same model has it in every process. */
export function structureKey(graph: Graph): string {
  return hashOf(graph, () => 0);
}

function hashOf(graph: Omit<Graph, 'key'>, constantKey: (constant: Tensor) => number): string {
  const text = canonicalJson({
    values: graph.values.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`),
    nodes: graph.nodes.map((node) => [node.op, node.inputs, node.outputs, attributesKey(node)]),
    inputs: [...graph.inputs],
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
let identityCount = 0;

/** A number per array, because comparing or hashing weights would take longer than what the key is for. */
function identityOf(constant: Tensor): number {
  const data = dataIdentity(constant);
  let identity = identities.get(data);
  if (identity === undefined) {
    identity = identityCount++;
    identities.set(data, identity);
  }
  return identity;
}
