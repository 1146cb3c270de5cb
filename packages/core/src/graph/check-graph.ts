/** Checks that a value is a graph, before anybody reads its nodes. */
import { checkArgument } from '../check/check-options.ts';
import type { Kind } from '../check/kinds.ts';
import type { Graph } from './graph.ts';

const aGraph: Kind = {
  expected: 'a graph made by GraphBuilder.build',
  test(value) {
    const { nodes, values, inputs, states, constants, outputs, key } = Object(value) as Partial<Graph>;
    return (
      [nodes, values].every(Array.isArray) &&
      [inputs, states, constants, outputs].every((map) => typeof map?.get === 'function') &&
      typeof key === 'string'
    );
  },
};

/** Throws `INVALID_GRAPH` unless the value is a graph. */
export function checkGraph(graph: Graph, where = 'core/graph'): void {
  checkArgument(where, 'graph', graph, aGraph, 'INVALID_GRAPH');
}
