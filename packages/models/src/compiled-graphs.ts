/**
 * Compiled graphs of one model. Each may hold the weights once more, in the memory of its backend, so that only as many are kept as fit in
 * a bound; core's own cache counts executables, not bytes.
 */
import { AttnError, type Attn, type CompiledGraph, type Graph, type Tensors } from '@attn/core';
import { byteLengthOf, LruMap, type RunOptions } from '@attn/core/backend';

/** Most graphs, and most bytes of their weights together. The one that is in use is always kept. */
const MOST_GRAPHS = 16;
const MOST_BYTES = 1.5 * 2 ** 30;

interface Entry {
  readonly compiled: Promise<CompiledGraph>;
  readonly bytes: number;
}

/** Compiles graphs and keeps the last ones. */
export class CompiledGraphs {
  private readonly attn: Attn;
  private readonly entries = new LruMap<Entry>(MOST_GRAPHS, {
    maxWeight: MOST_BYTES,
    weigh: ({ bytes }) => bytes,
    onEvict: ({ compiled }) => void compiled.then((executable) => executable.dispose()).catch(() => {}),
  });

  constructor(attn: Attn) {
    this.attn = attn;
  }

  /** Runs a graph on the backend that is fastest for it, or on the named one. */
  async run(
    graph: Graph,
    inputs: Tensors,
    { backend, ...options }: RunOptions & { readonly backend?: string },
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    const key = `${backend ?? ''}:${graph.key}`;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const compiled = this.attn.compile(graph, { backend });
      entry = { compiled, bytes: weightBytes(graph) };
      this.entries.set(key, entry);
      compiled.catch(() => this.entries.delete(key));
    }
    const executable = await entry.compiled;
    try {
      return { outputs: await executable.run(inputs, options), backend: executable.backend };
    } catch (error) {
      // A lost device or a dead worker takes the executable with it: the next call compiles again.
      const isOver = error instanceof AttnError && !error.isInputError && error.code !== 'ABORTED';
      if (isOver) this.entries.delete(key);
      throw error;
    }
  }

  /** Releases all of them. */
  clear(): void {
    this.entries.clear();
  }
}

function weightBytes({ constants }: Graph): number {
  let bytes = 0;
  for (const tensor of constants.values()) bytes += byteLengthOf(tensor);
  return bytes;
}
