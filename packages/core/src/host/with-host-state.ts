/**
 * State for backends that keep nothing between runs: the tensors stay in host memory, and each run gets them
 * as inputs and gives them back as outputs. It is right everywhere, and slower by the copies.
 */
import type { Backend, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { withRunOptions } from '../contract/run-options.ts';
import type { Graph } from '../graph/graph.ts';
import { withoutState } from '../graph/without-state.ts';
import { byteLengthOf } from '../tensor.ts';
import { HostStates, type HostStateMemory } from './host-state.ts';
import { checkRunInputs } from './run-inputs.ts';

/** Bytes of state that a run takes in and gives back in a millisecond: some copies at the speed of memory. */
const BYTES_PER_MS = 1e6;

const wrapped = new WeakSet<Backend>();

/**
 * The backend itself if it has `createState`; else one that computes on it and has. `createAttn` does this
 * with every backend.
 *
 * @example
 * const backend = withHostState(abacus());
 * const state = await backend.createState?.({ sum: { dtype: 'f32', shape: [1] } });
 */
export function withHostState(backend: Backend): Backend {
  if (backend.createState !== undefined) return backend;
  const { name, version, fastestInputs, calibrate } = backend;
  const states = new HostStates(name);
  const result: Backend = {
    name,
    version,
    fastestInputs,
    probe: (options) => backend.probe(options),
    supports: (node, graph) => backend.supports(node, stateless(graph)),
    ...(calibrate !== undefined && { calibrate: (stored) => calibrate.call(backend, stored) }),
    estimate: (graph, shared) => backend.estimate(stateless(graph), shared) + copyMs(graph),
    async compile(graph, options) {
      const executable = await backend.compile(stateless(graph), options);
      return graph.states.size === 0 ? executable : new HostStateExecutable(name, graph, executable, states);
    },
    createState: (specs) => states.createState(specs),
    async dispose() {
      await Promise.all([backend.dispose(), states.dispose()]);
    },
  };
  wrapped.add(result);
  return result;
}

/** Whether a backend's states are those of `withHostState`. */
export function keepsStateOnHost(backend: Backend): boolean {
  return wrapped.has(backend);
}

class HostStateExecutable implements Executable {
  private readonly backend: string;
  private readonly graph: Graph;
  private readonly executable: Executable;
  private readonly states: HostStates;

  constructor(backend: string, graph: Graph, executable: Executable, states: HostStates) {
    this.backend = backend;
    this.graph = graph;
    this.executable = executable;
    this.states = states;
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    const { graph } = this;
    return withRunOptions(`${this.backend}/run`, options, async ({ state, ...runOptions }) => {
      const checked = checkRunInputs(graph, inputs);
      return this.states.use({ graph, state, signal: runOptions.signal }, (memory) =>
        this.runOn(memory, checked, runOptions),
      );
    });
  }

  dispose(): void {
    this.executable.dispose();
  }

  /** Takes the tensors in; what comes out is kept only if the run succeeds. */
  private async runOn(
    memory: HostStateMemory | undefined,
    inputs: Tensors,
    options: RunOptions,
  ): Promise<Tensors> {
    const { written } = withoutState(this.graph);
    const states: Record<string, Tensors[string]> = {};
    for (const name of this.graph.states.keys()) if (memory) states[name] = memory.tensor(name);
    const outputs = { ...(await this.executable.run({ ...inputs, ...states }, options)) };
    for (const [name, output] of written) {
      await memory?.write(name, outputs[output]);
      delete outputs[output];
    }
    return outputs;
  }
}

function stateless(graph: Graph): Graph {
  return graph.states.size > 0 ? withoutState(graph).graph : graph;
}

function copyMs({ states, values }: Graph): number {
  let bytes = 0;
  for (const id of states.values()) bytes += byteLengthOf(values[id]);
  return bytes / BYTES_PER_MS;
}
