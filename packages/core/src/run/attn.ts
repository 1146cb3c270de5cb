/** The front door's contract: attention and graphs on whatever backends the application lists; see `createAttn`. */
import type { Backend, CompileOptions, Executable, Probe, RunOptions, Tensors } from '../contract/backend.ts';
import type { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor.ts';
import type { AttentionCall } from '../calls/attention.ts';
import type { LinformerCall } from '../calls/linformer.ts';
import type { LshCall } from '../calls/lsh.ts';
import type { CalibrationStore } from '../choose/store/calibration-store.ts';

/**
 * How the backend of a call is chosen. `estimate`: by predicted times; nothing runs twice. `measure`: the first call of a graph also
 * times the two or three that are predicted to be best, on its own inputs; what was found is remembered.
 */
export type Tune = 'estimate' | 'measure';

/** What `createAttn` takes. */
export interface AttnOptions {
  /** In order of preference; the order decides only between equal estimates. Disposed together with the `Attn`. */
  readonly backends: readonly Backend[];
  /** The backend of every call that names none itself. */
  readonly backend?: string;
  /** Default `estimate`. */
  readonly tune?: Tune;
  /**
   * Where measurements are remembered: the rates of the machine, and the times that `tune: 'measure'` found. Default true: in Node a
   * file in the user's cache folder, in pages `localStorage`, elsewhere nowhere. False: nowhere.
   */
  readonly cache?: boolean | CalibrationStore;
  /** Stops waiting for the probes. */
  readonly signal?: AbortSignal;
}

/** Options of one run. */
export interface AttnRunOptions extends RunOptions {
  /** Run here or fail: never falls back. */
  readonly backend?: string;
}

/** Result of a call. */
export interface AttentionResult {
  /** Like q, with the value dim. */
  readonly out: Tensor;
  /** [batch, heads, queries], f32, with `returnLse`. */
  readonly lse?: Tensor;
  /** Who computed it. */
  readonly backend: string;
}

/** Result of a call of LSH attention. */
export interface LshResult extends AttentionResult {
  /** [batch, heads, rounds, tokens], i32, with `returnOrder`; buckets only where something was hashed. */
  readonly order?: Tensor;
  readonly buckets?: Tensor;
}

/**
 * A compiled graph. Inputs of a run must not change until its promise settles. When its backend fails as in
 * `Attn.run` and was not named, it is compiled on the next best one, the same run goes on there, and
 * `fallback` is emitted; it stays there.
 */
export interface CompiledGraph extends Executable {
  /** Where it runs now. */
  readonly backend: string;
}

/** One row of `explain`; flat, for `console.table`. */
export interface Explanation {
  readonly backend: string;
  /** Available on this machine and able to run the graph. */
  readonly usable: boolean;
  /** Why it is not, or why it comes last: it failed three times in a row, see `Attn.reprobe`. */
  readonly reason: string | undefined;
  readonly predictedMs: number | undefined;
  /** Of the last run, if there was one; else what `tune: 'measure'` remembers. */
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
   * One attention call. The tensors must not change until the promise settles.
   * Errors: those of attention's `infer`, of the choice (`NO_BACKEND`, …) and of the run.
   */
  attention(call: AttentionCall & AttnRunOptions): Promise<AttentionResult>;
  /**
   * Linformer's attention to projected keys and values. The tensors must not change until the promise
   * settles. Errors: those of `linformerAttention`, of the choice and of the run.
   */
  linformerAttention(call: LinformerCall & AttnRunOptions): Promise<AttentionResult>;
  /**
   * Reformer's LSH attention: hashed, sorted, attended in chunks. The tensors must not change until the
   * promise settles. Errors: those of `lshAttention`, of the choice and of the run.
   */
  lshAttention(call: LshCall & AttnRunOptions): Promise<LshResult>;
  /**
   * Runs a graph; executables are kept and reused by the graph's key. The inputs must not change until the
   * promise settles.
   */
  run(graph: Graph, inputs: Tensors, options?: AttnRunOptions): Promise<Tensors>;
  /**
   * Compiles a graph for a caller who wants to hold it, and who must dispose it. It moves to another backend when its own
   * fails, unless that was named, and its runs count as calls of this `Attn` for `dispose`.
   */
  compile(graph: Graph, options?: CompileOptions & { readonly backend?: string }): Promise<CompiledGraph>;
  /** What the machine has, in the order of the list. */
  probe(): readonly ({ readonly name: string } & Probe)[];
  /**
   * Asks the backends again what the machine has. Also makes a backend that failed three times in a row, and therefore
   * comes last, as good as any other; a success on it does so, too.
   */
  reprobe(): Promise<void>;
  /**
   * Finds now what predictions rest on, by some milliseconds of real work unless it is remembered; otherwise the first call does
   * that has a choice. Nothing is measured where only one backend is available. Errors: `ABORTED`, `DISPOSED`.
   */
  calibrate(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Who could run the graph, by default the last one that ran, and who was or would be chosen. After `calibrate`, or a call, predictions are this machine's. */
  explain(graph?: Graph): Explanation[];
  /** Listens; call the result to stop. */
  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void;
  /**
   * Releases executables and backends as soon as nothing runs on them: calls that are running finish and give their
   * results (abort them to be faster), but one that would have to start again elsewhere rejects with `DISPOSED`, as all
   * later calls do. Idempotent.
   */
  dispose(): Promise<void>;
}
