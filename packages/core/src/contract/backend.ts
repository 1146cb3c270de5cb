/**
 * The whole contract of a backend. A backend is a plain object made by a factory (`cpu()`, `wasm()`, …) that
 * the application lists in order of preference; nothing registers itself on import. `defineBackend` makes one
 * of the parts in which backends differ.
 *
 * A backend may rely on: graphs are valid (core inferred and checked every shape), inputs passed to `run`
 * match the graph's specs and are contiguous (use `checkRunInputs`). It must guarantee the semantics of the
 * conformance suite: a row with no allowed key gives 0 and lse −∞; softmax in at least f32; the same result
 * for any number of threads; NaN in is NaN out in the rows that see it and nowhere else.
 *
 * Inputs belong to a run from its call until its promise settles, which lets a backend read them whenever it
 * likes: it never writes to them, takes them away, or gives them back as outputs, and once the promise has
 * settled it reads them no more.
 */
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { Json } from '../util/json-value.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import type { Tensor } from '../tensor.ts';

/** What `probe` found out about this machine, without compiling or allocating anything big. */
export type Probe =
  | {
      readonly available: true;
      /** One sentence for people: `plain JavaScript, 1 thread`. */
      readonly summary: string;
      /** Facts for programs: features, limits, versions. */
      readonly features: Readonly<Record<string, string | number | boolean>>;
      /**
       * What it would be faster with and this machine has not: one sentence each, why not, and what would
       * help.
       */
      readonly absences?: readonly string[];
    }
  | {
      readonly available: false;
      /** One sentence: why not, and what would help. */
      readonly reason: string;
    };

/** How far a run has come. `done` grows to `total`; the unit is tiles for attention, nodes for graphs. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'tiles' | 'nodes';
}

/** Options of one run. */
export interface RunOptions {
  /**
   * Stops the run soon after it is aborted: the promise rejects with `AttnError('ABORTED')`, nothing leaks.
   */
  readonly signal?: AbortSignal;
  /**
   * Called at most about every 50 ms. What it throws, or its promise rejects with, ends the run: it stops as
   * when it is aborted, and the promise rejects with that very error. `withCallbacks` does this for a
   * backend.
   */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * What the backends of one `createAttn` share, so that each attention plan is made once; one that is used by
 * itself makes its own.
 */
export interface SharedState {
  readonly plans?: PlanCache;
}

/** Options of `compile`. */
export interface CompileOptions extends SharedState {
  readonly signal?: AbortSignal;
}

/** Named tensors. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A compiled graph. Runs may overlap; a backend queues them if it must. */
export interface Executable {
  /**
   * Feeds the graph's inputs by name and returns its outputs by name, in freshly allocated tensors. The
   * inputs must stay as they are until the promise settles, aborted or not; runs that overlap may share them.
   * They may lie in any memory, shared or resizable too.
   */
  run(inputs: Tensors, options?: RunOptions): Promise<Tensors>;
  /** Releases what was allocated for this graph. Idempotent; later runs reject with `DISPOSED`. */
  dispose(): void;
}

/** How to look. */
export interface ProbeOptions {
  /** What was found before may have changed: a device was lost, say, or has come. */
  readonly again?: boolean;
}

/** One way of computing graphs. */
export interface Backend {
  /** Stable lower-case name: `cpu`, `wasm`, `webgpu`, `onnx`, or a third party's own. */
  readonly name: string;
  /** Of its package: what was measured of one version is not believed of another. */
  readonly version?: string;
  /**
   * What this machine has. Cheap (nothing is measured, no graph compiled), cached unless it is asked again,
   * never throws.
   */
  probe(options?: ProbeOptions): Promise<Probe>;
  /** True, or one sentence that says why this node cannot run here. Cheap, no side effects, deterministic. */
  supports(node: GraphNode, graph: Graph): true | string;
  /**
   * Finds the constants of this machine that `estimate` rests on, by some real work, and returns them for
   * keeping. Ends, if by an error, where the clock stands still. Errors leave the constants that are built
   * in. Called after `probe`, before backends are compared. What an earlier call returned, on this machine,
   * for this version and the same features, is taken instead of measuring; what it does not recognise is
   * measured. Without it, estimates rest on constants that are built in.
   */
  calibrate?(known?: Json): Promise<Json>;
  /**
   * Predicted milliseconds of one run on this machine, its inputs coming from and its outputs going to host
   * memory, once what is compiled on the way has been. Called after `probe`. Attention should be counted by
   * its plan (`plans.expected`), which by then has been made.
   */
  estimate(graph: Graph, shared?: SharedState): number;
  /**
   * Prepares a graph. Errors: `UNSUPPORTED`, `COMPILE_FAILED`, `OUT_OF_MEMORY`, `DEVICE_LOST`, `WORKER_DIED`,
   * `TIMEOUT`, `BACKEND_UNAVAILABLE`, `ABORTED`, `DISPOSED`.
   */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /** Ends workers and devices. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * The first reason why a graph cannot run on a backend, or true. Errors: `INVALID_GRAPH` for what is no
 * graph.
 */
export function supportsGraph(backend: Backend, graph: Graph): true | string {
  checkGraph(graph, `${backend.name}/compile`);
  for (const node of graph.nodes) {
    const answer = backend.supports(node, graph);
    if (answer !== true) return `${node.op}: ${answer}`;
  }
  return true;
}
