/** A graph without state that computes the same: states are inputs, and what is written to them outputs. */
import { sealGraph } from './finish.ts';
import type { Graph } from './graph.ts';
import { writtenStates } from './storage.ts';

/** A graph whose states are inputs and outputs. */
export interface StatelessGraph {
  /** Has the states as inputs of the same names. */
  readonly graph: Graph;
  /** The names of the outputs with the new contents, by state; a state that nothing writes has none. */
  readonly written: ReadonlyMap<string, string>;
}

const cache = new WeakMap<Graph, StatelessGraph>();

/** Rewrites a graph; the same graph gives the same result, so that executables are found by its key. */
export function withoutState(graph: Graph): StatelessGraph {
  const cached = cache.get(graph);
  if (cached !== undefined) return cached;
  const outputs = new Map(graph.outputs);
  const written = new Map<string, string>();
  for (const [state, id] of writtenStates(graph)) {
    let name = state;
    while (outputs.has(name)) name += "'";
    outputs.set(name, id);
    written.set(state, name);
  }
  const inputs = new Map([...graph.inputs, ...graph.states]);
  const result = { graph: sealGraph({ ...graph, inputs, outputs, states: new Map() }), written };
  cache.set(graph, result);
  return result;
}
