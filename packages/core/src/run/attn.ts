/**
 * The front door's contract: attention and graphs on whatever backends the application lists; see
 * `createAttn`.
 */
import '../util/disposable.ts';
import type { Backend, CompileOptions, Executable, Probe, RunOptions, Tensors } from '../contract/backend.ts';
import type { AttnError } from '../errors.ts';
import type { State } from '../contract/state.ts';
import type { Graph } from '../graph/graph.ts';
import type { TensorSpec } from '../tensor.ts';
import type { AttentionCall, AttentionResult } from '../calls/attention.ts';
import type { Call } from '../calls/call.ts';
import type { ExactActivationForm } from '../quantize/activations.ts';
import type { CalibrationStore } from '../choose/store/calibration-store.ts';

/**
 * How the backend of a call is chosen. `estimate`: by predicted times; nothing runs twice. `measure`: the
 * first call of a graph also times the two or three that are predicted to be best, on its own inputs; what
 * was found is remembered.
 */
export type Tune = 'estimate' | 'measure';

/** What `createAttn` takes. */
export interface AttnOptions {
  /**
   * In order of preference; the order decides only between equal estimates. Disposed together with the
   * `Attn`.
   */
  readonly backends: readonly Backend[];
  /** The backend of every call that names none itself. */
  readonly backend?: string;
  /** Default `estimate`. */
  readonly tune?: Tune;
  /**
   * Where measurements are remembered: the rates of the machine, and the times that `tune: 'measure'`
   * found. Default true: in Node a file in the user's cache folder, in pages `localStorage`, elsewhere
   * nowhere. False: nowhere.
   */
  readonly cache?: boolean | CalibrationStore;
  /** Stops waiting for the probes. */
  readonly signal?: AbortSignal;
}

/** Options of one run. */
export interface AttnRunOptions extends RunOptions {
  /** Run here or fail: never falls back. With `state` it is the state's backend. */
  readonly backend?: string;
}

/** Options of `Attn.createState`. */
export interface CreateStateOptions {
  /** The backend where the state lives. Default: that which `compile` would choose for the graph. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
}

/** A state that an `Attn` has created. Runs with it run where it lives, and never fall back. */
export interface BoundState extends State {
  /** The backend where it lives. */
  readonly backend: string;
  /** A state of its own with the same content, on the same backend. */
  fork(): Promise<BoundState>;
}

/** The result of a call, and the backend that computed it. */
export type Ran<R extends object> = R & { readonly backend: string };

/**
 * A compiled graph. Inputs of a run must not change until its promise settles. When its backend fails as in
 * `Attn.run` and was not named, it is compiled on the next best one, the same run goes on there, and
 * `fallback` is emitted; it stays there.
 */
export interface CompiledGraph extends Executable {
  /** The backend where it runs now. */
  readonly backend: string;
  /** Disposes it at the end of a block, by `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** One row of `explain`; flat, for `console.table`. */
export interface Explanation {
  readonly backend: string;
  /** Available on this machine and able to run the graph. */
  readonly usable: boolean;
  /**
   * Why it is not; or why it comes last: it failed three times in a row, see `Attn.reprobe`; or why it is
   * slower than it might be: it keeps no state between runs.
   */
  readonly reason: string | undefined;
  readonly predictedMs: number | undefined;
  /** Milliseconds of the last run, if there was one; else what `tune: 'measure'` remembers. */
  readonly measuredMs: number | undefined;
  readonly chosen: boolean;
}

/**
 * What `on` reports. Events belong to no call, so that a listener that throws stops nothing: as with
 * `EventTarget`, its error becomes an uncaught error of the host, which ends a Node.js process without a
 * handler for it.
 */
export interface AttnEvents {
  /** A graph is about to run on a backend. */
  choice: {
    readonly graph: Graph;
    readonly backend: string;
    readonly predictedMs: number;
    /** What it was chosen by with `tune: 'measure'`. */
    readonly measuredMs?: number;
  };
  /** A backend failed and the same call starts again on the next best. */
  fallback: { readonly graph: Graph; readonly from: string; readonly to: string; readonly error: AttnError };
}

/** Attention on whatever this machine has. */
export interface Attn {
  /**
   * Computes a call on the best backend. The tensors must not change until the promise settles. Errors:
   * those of the call's graph, of the choice (`NO_BACKEND`, …) and of the run.
   *
   * @example
   * const { out } = await attn.run(lsh({ q, v, rounds: 4, causal: true }), { backend: 'cpu' });
   */
  run<R extends object>(call: Call<R>, options?: AttnRunOptions): Promise<Ran<R>>;
  /**
   * Runs a graph; executables are kept, as long as their weights fit, and reused by the graph's key. The
   * inputs must not change until the promise settles.
   *
   * @example
   * const { y } = await attn.run(graph, { x });
   */
  run(graph: Graph, inputs: Tensors, options?: AttnRunOptions): Promise<Tensors>;
  /**
   * Attention in one step: `run(attention(call), options)`.
   *
   * @example
   * const { out, lse } = await attn.attention({ q, k, v, pattern: causal(), returnLse: true });
   */
  attention<Lse extends boolean = false>(
    call: AttentionCall<Lse>,
    options?: AttnRunOptions,
  ): Promise<Ran<AttentionResult<Lse>>>;
  /**
   * Compiles a graph for a caller who wants to hold it, and who must dispose it. It moves to another
   * backend when its own fails, unless that was named, and its runs count as calls of this `Attn` for
   * `dispose`.
   */
  compile(graph: Graph, options?: CompileOptions & { readonly backend?: string }): Promise<CompiledGraph>;
  /**
   * Creates the state of a graph: tensors of zeros that live on a backend between runs. The backend is
   * chosen as by `compile`; without a graph, by the specs of tensors alone, it is the first of the list that
   * is available. `run` and `compile` then compute there. A backend that keeps nothing between runs gets its
   * state from host memory at each run, which is slower; `explain` says so. The caller disposes the state.
   * Errors: those of the choice, `INVALID_GRAPH` for a graph without states, `INVALID_ARGUMENT`,
   * `INVALID_DTYPE`, `INVALID_SHAPE`, `OUT_OF_MEMORY`, `ABORTED`, `DISPOSED`.
   *
   * @example
   * await using state = await attn.createState(step);
   * const { logits } = await attn.run(step, { token, position }, { state });
   */
  createState(
    work: Graph | Readonly<Record<string, TensorSpec>>,
    options?: CreateStateOptions,
  ): Promise<BoundState>;
  /**
   * Releases what `run` keeps of a graph: its executables, and with them their copies of the weights. A
   * later run compiles it again.
   */
  release(graph: Graph): void;
  /** What the machine has, in the order of the list. */
  probe(): readonly ({ readonly name: string } & Probe)[];
  /**
   * How layers of codes (`quantizedLinear`) should read their inputs where nobody says it: as is fastest on
   * the default backend, or, without one, on all that are available; as they are where these differ. Other
   * than the choice of a backend, this depends on nothing that is measured.
   */
  fastestInputs(): ExactActivationForm;
  /**
   * Asks the backends again what the machine has. Also makes a backend that failed three times in a row,
   * and therefore comes last, as good as any other; a success on it does so, too.
   */
  reprobe(): Promise<void>;
  /**
   * Finds now what predictions rest on, by some milliseconds of real work unless it is remembered;
   * otherwise the first call does that has a choice. Nothing is measured where only one backend is
   * available. Errors: `ABORTED`, `DISPOSED`.
   */
  calibrate(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Who could run the graph, by default the last one that ran, and who was or would be chosen. After
   * `calibrate`, or a call, predictions are this machine's.
   */
  explain(graph?: Graph): Explanation[];
  /** Listens; call the result to stop. */
  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void;
  /**
   * Releases executables and backends as soon as nothing runs on them: calls that are running finish and
   * give their results (abort them to be faster), but one that would have to start again elsewhere rejects
   * with `DISPOSED`, as all later calls do. Idempotent.
   */
  dispose(): Promise<void>;
  /** Disposes it at the end of a block, by `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
