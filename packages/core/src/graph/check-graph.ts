/** Whether a value is a graph at all, before anybody walks it. */
import { AttnError, show } from '../errors.ts';
import type { Graph } from './graph.ts';

/** Throws `INVALID_GRAPH` unless it is a graph. */
export function checkGraph(graph: Graph, where = 'core/graph'): void {
  let isGraph = false;
  try {
    const { nodes, values, inputs, constants, outputs, key } = Object(graph) as Partial<Graph>;
    isGraph =
      [nodes, values].every(Array.isArray) &&
      [inputs, constants, outputs].every((map) => typeof map?.get === 'function') &&
      typeof key === 'string';
  } catch {} // A hostile object is no graph.
  if (isGraph) return;
  throw new AttnError(
    'INVALID_GRAPH',
    where,
    `expected a graph made by GraphBuilder.build, got ${show(graph)}`,
  );
}
