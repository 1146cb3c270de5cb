/**
 * Cuts a graph that fills large states into stages. A session holds all its results until the end of a run,
 * and JavaScript then gets a copy of each. So what fills the caches of a long text, hundreds of megabytes, is
 * computed by sessions of their own, one after another, out of what the first stage returns.
 */
import type { Graph } from '@attn/core';
import { byteLengthOf, partOf, type GraphNode, type ValueId } from '@attn/core/backend';
import { stateOf } from '../lower/state-of.ts';

/** Bytes of written rows from which on each write is a stage. */
const MANY_BYTES = 64 * 2 ** 20;

/**
 * The stages of a graph, each a graph. The values that later stages read are further outputs of the first,
 * under names that the graph has not; they are inputs of the others. Written states are of one stage each.
 */
export function stagesOf(graph: Graph): readonly [Graph, ...Graph[]] {
  const parts = separateWrites(graph);
  const bytes = parts.reduce((sum, { rowBytes }) => sum + rowBytes, 0);
  if (parts.length < 2 || bytes < MANY_BYTES) return [graph];

  const separate = new Set(parts.flatMap(({ nodes }) => [...nodes]));
  const between = new Map<string, ValueId>();
  const stages = parts.map(({ nodes, states }) => {
    const inputs = new Map<string, ValueId>();
    for (const id of valuesRead(nodes)) {
      if (graph.constants.has(id) || [...states.values()].includes(id)) continue;
      const name = nameOf(graph.inputs, id) ?? `between.${id}`;
      if (!graph.inputs.has(name)) between.set(name, id);
      inputs.set(name, id);
    }
    return partOf(graph, { nodes: [...nodes], inputs, states, outputs: new Map() });
  });
  const written = new Set(parts.flatMap(({ states }) => [...states.keys()]));
  const first = partOf(graph, {
    nodes: graph.nodes.filter((node) => !separate.has(node)),
    inputs: graph.inputs,
    states: new Map([...graph.states].filter(([name]) => !written.has(name))),
    outputs: new Map([...graph.outputs, ...between]),
  });
  return [first, ...stages];
}

/** A write into a state that can be done apart from the rest of its graph. */
interface SeparateWrite {
  /** The write, and what is computed for it alone. */
  readonly nodes: ReadonlySet<GraphNode>;
  /** The state that it writes, by name. */
  readonly states: ReadonlyMap<string, ValueId>;
  readonly rowBytes: number;
}

/** The writes of states that nothing else reads, neither before nor after the write. */
function separateWrites(graph: Graph): SeparateWrite[] {
  const readers = readersOf(graph);
  return graph.nodes.flatMap((write): SeparateWrite[] => {
    if (write.op !== 'writeRows') return [];
    const [written] = write.outputs;
    const state = stateOf(graph, written);
    const id = state === undefined ? undefined : graph.states.get(state);
    const isRead = readers.has(written) || [...graph.outputs.values()].includes(written);
    if (state === undefined || id === undefined || isRead) return [];
    const nodes = nodesFor(graph, write, readers);
    if (readers.get(id)?.some((reader) => !nodes.has(reader))) return [];
    const rowBytes = byteLengthOf(graph.values[write.inputs.rows]);
    return [{ nodes, states: new Map([[state, id]]), rowBytes }];
  });
}

/** The nodes that read each value. */
function readersOf(graph: Graph): ReadonlyMap<ValueId, readonly GraphNode[]> {
  const readers = new Map<ValueId, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const id of Object.values(node.inputs)) readers.set(id, [...(readers.get(id) ?? []), node]);
  }
  return readers;
}

/** A node, and all nodes whose results only these nodes read; in the order of the graph. */
function nodesFor(
  graph: Graph,
  node: GraphNode,
  readers: ReadonlyMap<ValueId, readonly GraphNode[]>,
): ReadonlySet<GraphNode> {
  const own = new Set([node]);
  const returned = new Set(graph.outputs.values());
  for (const other of graph.nodes.toReversed()) {
    const isOwn = other.outputs.every(
      (id) => !returned.has(id) && (readers.get(id)?.every((reader) => own.has(reader)) ?? false),
    );
    if (isOwn) own.add(other);
  }
  return new Set(graph.nodes.filter((other) => own.has(other)));
}

/** The values that nodes read and do not make. */
function valuesRead(nodes: ReadonlySet<GraphNode>): ReadonlySet<ValueId> {
  const results = new Set([...nodes].flatMap(({ outputs }) => outputs));
  return new Set([...nodes].flatMap(({ inputs }) => Object.values(inputs)).filter((id) => !results.has(id)));
}

function nameOf(names: ReadonlyMap<string, ValueId>, id: ValueId): string | undefined {
  return [...names].find(([, value]) => value === id)?.[0];
}
