/**
 * The whole contract of a backend. A backend is a plain object that a factory makes (`cpu()`, `wasm()`, …);
 * the application lists backends in order of preference, and nothing registers itself on import.
 * `defineBackend` makes a backend from the parts in which backends differ.
 *
 * A backend may rely on valid graphs (core infers and checks every shape), and on inputs of `run` that match
 * the graph's specs and are contiguous (use `checkRunInputs`). It guarantees the semantics of the conformance
 * suite: a row without an allowed key gives 0 and lse −∞; softmax is computed in at least f32; the result
 * does not depend on the number of threads; a NaN reaches the rows that see it, and no others.
 *
 * Inputs belong to a run from its call until its promise settles. Until then a backend may read them at any
 * time; it never writes to them, transfers them, or returns them as outputs. Afterwards it does not read
 * them. In the same way, the tensors of `RunOptions.outputs` belong to a run: until its promise settles only
 * the run writes to them, and afterwards it does not, aborted or not.
 */
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { Json } from '../util/json-value.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import type { ExactActivationForm } from '../quantize/activations.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';
import type { State } from './state.ts';

/** The result of a backend's `probe`: whether it is available on this machine, and with which features. */
export type Probe =
  | {
      readonly available: true;
      /** A short description for people: `plain JavaScript, 1 thread`. */
      readonly summary: string;
      /** Facts for programs: features, limits, versions. */
      readonly features: Readonly<Record<string, string | number | boolean>>;
      /** Missing features that would make it faster: a sentence each, with the reason and what would help. */
      readonly absences?: readonly string[];
    }
  | {
      readonly available: false;
      /** Why it is not available, and what would help: one sentence. */
      readonly reason: string;
    };

/** The progress of a run: `done` grows to `total`, in tiles of an attention call or in nodes of a graph. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'tiles' | 'nodes';
}

/** Options of `Executable.run`. */
export interface RunOptions {
  /** Aborts the run: its promise soon rejects with `AttnError('ABORTED')`, and nothing leaks. */
  readonly signal?: AbortSignal;
  /**
   * Called about every 50 ms at most. An error that it throws, or that its promise rejects with, ends the
   * run: the run stops as if aborted, and its promise rejects with that error. `withCallbacks` does this for
   * a backend.
   */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * What the graph's states are: of the same backend, with tensors of their names, dtypes and shapes. It may
   * have more. The run writes into it; see `State`.
   */
  readonly state?: State | undefined;
  /**
   * Tensors that outputs are written to, by the names of the outputs: the result has these, and new ones for
   * all others. Memory that has been used before is faster than new memory. A tensor has the dtype and the
   * shape of its output, is row-major, and shares no memory with inputs, constants or other outputs. Nobody
   * else reads or writes it until the promise settles; after an error its content is undefined.
   */
  readonly outputs?: Tensors | undefined;
}

/**
 * What the backends of one `createAttn` share, so that each attention plan is made once. A backend that is
 * used alone makes its own.
 */
export interface SharedState {
  readonly plans?: PlanCache;
}

/** Options of `Backend.compile`. */
export interface CompileOptions extends SharedState {
  readonly signal?: AbortSignal;
}

/** Tensors by name: the inputs of a run, or its outputs. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A compiled graph. Runs may overlap; a backend queues them if it must. */
export interface Executable {
  /**
   * Bytes of the graph's constants that this executable alone keeps in memory. Default: those of all its
   * constants. It is less where constants stay in files that the system maps once for all who read them.
   */
  readonly heldBytes?: number;
  /**
   * Computes the graph from inputs by name, and returns its outputs by name, in new tensors or in those of
   * `options.outputs`. Inputs must not change until the promise settles, aborted or not; overlapping runs may
   * share them. They may be in any memory, also shared or resizable memory.
   */
  run(inputs: Tensors, options?: RunOptions): Promise<Tensors>;
  /** Releases the memory of this graph. Idempotent. Later runs reject with `DISPOSED`. */
  dispose(): void;
}

/** Options of `Backend.probe`. */
export interface ProbeOptions {
  /** Probe anew: the machine may have changed, for example by a device that was lost or connected. */
  readonly again?: boolean;
}

/** A way to compute graphs: on the CPU, in WebAssembly, on a GPU, … `defineBackend` makes one. */
export interface Backend {
  /** A stable lower-case name: `cpu`, `wasm`, `webgpu`, `onnx`, or that of a third party. */
  readonly name: string;
  /** The version of the backend's package. Measurements of another version are discarded. */
  readonly version?: string;
  /**
   * How layers of codes (`quantizedLinear`) read their inputs fastest here. It is a fact of the backend,
   * found in benchmarks: a measurement at run time might make results differ from run to run. Default: it is
   * all the same.
   */
  readonly fastestInputs?: ExactActivationForm | undefined;
  /**
   * Says whether the backend is available on this machine. Cheap: it measures nothing and compiles no graph.
   * Cached unless `again` is set. Never throws.
   */
  probe(options?: ProbeOptions): Promise<Probe>;
  /** True, or a sentence that says why a node cannot run here. Cheap, deterministic, without side effects. */
  supports(node: GraphNode, graph: Graph): true | string;
  /**
   * Measures the constants of this machine that `estimate` needs, by some real work, and returns them as JSON
   * to store. Called after `probe`, before backends are compared. `stored` is what an earlier call returned
   * on this machine, for this version and the same features: then nothing is measured. JSON that the backend
   * does not recognise counts as absent. After an error, and without this method, the built-in constants
   * count. It must end, with an error if need be, where the clock stands still.
   */
  calibrate?(stored?: Json): Promise<Json>;
  /**
   * Predicts the milliseconds of one run on this machine, with inputs and outputs in host memory, once the
   * graph is compiled. Called after `probe`. Attention should be counted by its plan (`plans.expected`),
   * which is in the cache by then.
   */
  estimate(graph: Graph, shared?: SharedState): number;
  /**
   * Prepares a graph to run. Errors: `UNSUPPORTED`, `COMPILE_FAILED`, `OUT_OF_MEMORY`, `DEVICE_LOST`,
   * `WORKER_DIED`, `TIMEOUT`, `BACKEND_UNAVAILABLE`, `ABORTED`, `DISPOSED`.
   */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /**
   * Creates tensors of zeros that live on this backend between runs. Absent on a backend that keeps nothing:
   * then `supportsGraph` refuses graphs with states, and `withHostState` makes up for it. Errors:
   * `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`, `OUT_OF_MEMORY`, `BACKEND_UNAVAILABLE`, `DISPOSED`.
   *
   * @param specs the dtypes and shapes by name, such as those of several graphs together
   *
   * @example
   * const state = await backend.createState?.({ keys: { dtype: 'f32', shape: [1, 8, 512, 64] } });
   * await executable.run({ key, position }, { state });
   */
  createState?(specs: Readonly<Record<string, TensorSpec>>): Promise<State>;
  /** Ends the backend's workers and devices, and its states. Idempotent. */
  dispose(): Promise<void>;
}

/** True, or the first reason why a graph cannot run on a backend. Errors: `INVALID_GRAPH`. */
export function supportsGraph(backend: Backend, graph: Graph): true | string {
  checkGraph(graph, `${backend.name}/compile`);
  if (graph.states.size > 0 && backend.createState === undefined)
    return `state: ${backend.name} keeps no tensors between runs`;
  for (const node of graph.nodes) {
    const answer = backend.supports(node, graph);
    if (answer !== true) return `${node.op}: ${answer}`;
  }
  return true;
}
