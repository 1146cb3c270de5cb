/** Which values of a graph are the content of a state. */
import type { Graph } from '@attn/core';
import { storageOf, type ValueId } from '@attn/core/backend';

/** The state whose content a value is; undefined where it is none. */
export function stateOf(graph: Graph, id: ValueId): string | undefined {
  const owner = storageOf(graph)[id];
  for (const [name, state] of graph.states) if (state === owner) return name;
  return undefined;
}
