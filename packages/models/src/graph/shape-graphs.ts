/**
 * The graphs of one model, by what they are made for: batches of equal shape share one, and all share the
 * model's weights.
 */
import { type Graph } from '@attn/core';
import { LruMap } from '@attn/core/backend';

/** How many graphs are remembered. */
const GRAPHS = 64;

/** Makes graphs, and remembers the last ones. `S` is plain data that says all that graphs differ by. */
export class ShapeGraphs<S> {
  private readonly build: (shape: S) => Graph;
  private readonly graphs = new LruMap<Graph>(GRAPHS);

  constructor(build: (shape: S) => Graph) {
    this.build = build;
  }

  /** The graph of a shape. */
  of(shape: S): Graph {
    const key = JSON.stringify(shape);
    let graph = this.graphs.get(key);
    if (graph === undefined) {
      graph = this.build(shape);
      this.graphs.set(key, graph);
    }
    return graph;
  }
}
