/**
 * Which values of a graph share memory: a view with its operand, and what `writeRows` makes of a state with
 * that state, so that it is written in place.
 */
import { ops } from '../ops/index.ts';
import { sizeOf } from '../tensor.ts';
import type { Graph, NodeOf, ValueId } from './graph.ts';

/** The parts of a graph, or of its draft, that decide about memory. */
type Parts = Pick<Graph, 'values' | 'nodes' | 'states'>;

/** For each value, the value whose memory it uses: itself, the operand of a view, or a state. */
export function storageOf({ values, nodes, states }: Parts): ValueId[] {
  const storage = values.map((_, id) => id);
  const ofStates = new Set(states.values());
  for (const { op, inputs, outputs } of nodes) {
    const owner = storage[inputs[ops[op].required[0]]];
    if (ops[op].isView || (op === 'writeRows' && ofStates.has(owner))) storage[outputs[0]] = owner;
  }
  return storage;
}

/** The contents of the written states after a run, by name: the last value that a node writes into each. */
export function writtenStates(graph: Parts): Map<string, ValueId> {
  const storage = storageOf(graph);
  const last = new Map<ValueId, ValueId>();
  for (const { op, outputs } of graph.nodes) {
    if (op === 'writeRows' && storage[outputs[0]] !== outputs[0]) last.set(storage[outputs[0]], outputs[0]);
  }
  const written = new Map<string, ValueId>();
  for (const [name, id] of graph.states) {
    const content = last.get(id);
    if (content !== undefined) written.set(name, content);
  }
  return written;
}

/** The elements that a `writeRows` node moves, for estimates: in a state only the rows, else also x. */
export function elementsWritten(node: NodeOf<'writeRows'>, graph: Graph): number {
  const isInPlace = graph.states.size > 0 && storageOf(graph)[node.outputs[0]] !== node.outputs[0];
  const size = (id: ValueId): number => sizeOf(graph.values[id].shape);
  return size(node.inputs.rows) + (isInPlace ? 0 : size(node.inputs.x));
}
