/** Takes a part of a graph out of it, for backends that run a graph in several pieces. */
import { finishGraph } from './finish.ts';
import type { Graph, GraphNode, ValueId } from './graph.ts';

/** A part of a graph. All ids are those of the graph. */
export interface GraphPart {
  /** The nodes, in the order of the graph. Beside what they make they read inputs, states and constants. */
  readonly nodes: readonly GraphNode[];
  /** The values that a run of the part is given, by name: inputs of the graph, or what other nodes make. */
  readonly inputs: ReadonlyMap<string, ValueId>;
  readonly states: ReadonlyMap<string, ValueId>;
  /** The values that a run of the part returns, by name. */
  readonly outputs: ReadonlyMap<string, ValueId>;
}

/** The graph of a part, with new ids. Its constants are those of the graph that it needs. */
export function partOf(graph: Graph, { nodes, inputs, states, outputs }: GraphPart): Graph {
  return finishGraph(
    {
      values: graph.values,
      nodes: [...nodes],
      inputs: new Map(inputs),
      states: new Map(states),
      constants: new Map(graph.constants),
      names: new Map(graph.names),
    },
    outputs,
  );
}
