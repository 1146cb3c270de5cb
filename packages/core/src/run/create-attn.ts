/**
 * Takes an ordered list of backends, asks each what it can do and how long it would take, runs every graph on the
 * fastest, and can say why. What was asked for by name never falls back; otherwise a lost device, a dead worker or a
 * lack of memory, say, moves the same call to the next best backend, and says so. See `failure-log.ts` for what counts.
 */
import type { Backend, Probe, RunOptions, Tensors } from '../contract/backend.ts';
import { debug } from '../util/debug.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import { withCallbacks } from '../async/callbacks.ts';
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph } from '../graph/graph.ts';
import { untilAborted } from '../async/until-aborted.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import { attentionCalls, type AttentionCall } from '../calls/attention.ts';
import type {
  AttentionResult,
  Attn,
  AttnEvents,
  AttnOptions,
  AttnRunOptions,
  CompiledGraph,
  Explanation,
  LshResult,
} from './attn.ts';
import { CallGraphs, fedTensors, ownCall, type CallKind } from '../calls/call.ts';
import { describeChoice, type ProbedBackend, type UsableCandidate } from '../choose/candidates.ts';
import {
  checkAttnCompileOptions,
  checkAttnOptions,
  checkAttnRunOptions,
  checkCalibrateOptions,
  type AttnCompileOptions,
} from './check-arguments.ts';
import { Chooser } from '../choose/chooser.ts';
import { isRecoverable } from '../choose/failure-log.ts';
import { InFlight } from './in-flight.ts';
import { linformerCalls, type LinformerCall } from '../calls/linformer.ts';
import { lshCalls, type LshCall } from '../calls/lsh.ts';
import { Listeners } from './listeners.ts';
import { MovableGraph, type Placed } from './movable-graph.ts';
import { probeAll } from '../choose/probe-all.ts';
import { compileOn, Runner } from './runner.ts';
import { withoutErrors } from '../choose/store/calibration-store.ts';
import { hostStore } from '../choose/store/host-store.ts';
import { Tuner, type Trial } from '../choose/tuner.ts';

const WHERE = 'core/select';

/** How many plans are kept. */
const PLANS = 64;

/**
 * Probes the backends, side by side. Errors: `INVALID_ARGUMENT` for what is not a backend and for two of one name,
 * `ABORTED`.
 */
export async function createAttn(options: AttnOptions): Promise<Attn> {
  const checked = checkAttnOptions(options);
  const { backends, signal } = checked;
  return new Selector(await untilAborted(probeAll(backends), signal, WHERE), checked);
}

class Selector implements Attn {
  private readonly defaultBackend: string | undefined;
  private readonly chooser: Chooser;
  private readonly tuner: Tuner | undefined;
  /** The plans of all calls, whichever backend runs them. */
  private readonly plans = new PlanCache({ capacity: PLANS });
  private readonly graphs = new CallGraphs();
  private readonly listeners = new Listeners();
  /** Everything that uses a backend now; `dispose` waits for it. */
  private readonly inFlight = new InFlight();
  private readonly runner = new Runner(this.plans, this.inFlight);
  private last: { readonly graph: Graph; readonly backend: string } | undefined;
  private disposing: Promise<void> | undefined;

  constructor(backends: readonly ProbedBackend[], { backend, tune, cache = true }: AttnOptions) {
    const store = typeof cache === 'object' ? cache : cache ? hostStore() : undefined;
    const safe = store && withoutErrors(store);
    this.defaultBackend = backend;
    this.tuner = tune === 'measure' ? new Tuner(safe) : undefined;
    this.chooser = new Chooser(backends, this.plans, safe, this.tuner);
  }

  attention(call: AttentionCall & AttnRunOptions): Promise<AttentionResult> {
    return this.call(attentionCalls, call);
  }

  linformerAttention(call: LinformerCall & AttnRunOptions): Promise<AttentionResult> {
    return this.call(linformerCalls, call);
  }

  lshAttention(call: LshCall & AttnRunOptions): Promise<LshResult> {
    return this.call(lshCalls, call);
  }

  async run(graph: Graph, inputs: Tensors, options: AttnRunOptions = {}): Promise<Tensors> {
    return (await this.runSomewhere(graph, inputs, checkAttnRunOptions(options))).outputs;
  }

  async compile(graph: Graph, options: AttnCompileOptions = {}): Promise<CompiledGraph> {
    const { backend: name = this.defaultBackend, signal } = checkAttnCompileOptions(options);
    const placed = await this.place(graph, name, signal);
    return new MovableGraph(placed, {
      run: (work) => {
        this.throwIfDisposed();
        return this.inFlight.track(work());
      },
      elsewhere:
        name === undefined
          ? (from, error, tried) => {
              this.fallBack(graph, from, error, this.untried(graph, tried)[0]);
              return this.place(graph, undefined, undefined, tried);
            }
          : undefined,
    });
  }

  probe(): readonly ({ readonly name: string } & Probe)[] {
    return this.chooser.backends.map(({ backend, probe }) => ({ name: backend.name, ...probe }));
  }

  async reprobe(): Promise<void> {
    this.throwIfDisposed();
    const backends = this.chooser.backends.map(({ backend }) => backend);
    this.chooser.reset(await this.inFlight.track(probeAll(backends, { again: true })));
  }

  async calibrate(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = checkCalibrateOptions(options);
    this.throwIfDisposed();
    await untilAborted(this.inFlight.track(this.chooser.calibrate()), signal, WHERE);
  }

  explain(graph: Graph | undefined = this.last?.graph): Explanation[] {
    if (graph !== undefined) checkGraph(graph);
    const ran = this.last?.graph.key === graph?.key ? this.last?.backend : undefined;
    return this.chooser.explain(graph, ran, (backend) => graph && this.runner.measuredMs(backend, graph));
  }

  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void {
    return this.listeners.on(event, listener);
  }

  dispose(): Promise<void> {
    this.disposing ??= this.shutDown();
    return this.disposing;
  }

  /** Any kind of call. */
  private async call<C extends object, V extends object>(
    kind: CallKind<C, V>,
    call: C & AttnRunOptions,
  ): Promise<LshResult> {
    const own = ownCall(kind, call);
    const graph = this.graphs.of(kind, own);
    kind.remark?.(own);
    const { backend: name, signal, onProgress } = own;
    const options = checkAttnRunOptions({ backend: name, signal, onProgress });
    const { outputs, backend } = await this.runSomewhere(graph, fedTensors(kind, own), options);
    return { ...outputs, out: outputs.out, backend };
  }

  private async shutDown(): Promise<void> {
    this.runner.clear();
    await this.inFlight.settled();
    await Promise.all(this.chooser.backends.map(({ backend }) => backend.dispose()));
    this.plans.clear();
  }

  private throwIfDisposed(cause?: unknown): void {
    if (this.disposing) throw new AttnError('DISPOSED', WHERE, 'this Attn has been disposed', { cause });
  }

  /** Compiles a graph on the named backend, or on the best that was not tried. */
  private place(
    graph: Graph,
    name: string | undefined,
    signal: AbortSignal | undefined,
    tried?: ReadonlySet<string>,
  ): Promise<Placed> {
    const { plans } = this;
    const attempt = async ({ backend }: UsableCandidate): Promise<Placed> => {
      const compiling = compileOn(backend, graph, { signal, plans });
      try {
        return { backend, executable: await untilAborted(this.inFlight.track(compiling), signal, WHERE) };
      } catch (error) {
        // Aborted, while the backend goes on: nobody is left who would dispose what comes of it.
        compiling.then(
          (executable) => executable.dispose(),
          () => {},
        );
        throw error;
      }
    };
    return this.withFallback(graph, name, signal, attempt, tried);
  }

  private async runSomewhere(
    graph: Graph,
    inputs: Tensors,
    options: AttnRunOptions,
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    const { backend: name = this.defaultBackend, signal, onProgress } = options;
    return withCallbacks({ onProgress }, signal, (callbacks, stop) =>
      this.runGuarded(graph, inputs, name, { ...callbacks, signal: stop }),
    );
  }

  /**
   * Runs on the named backend, or on the best. The callbacks of `options` do not throw, so that no backend is
   * blamed for them.
   */
  private async runGuarded(
    graph: Graph,
    inputs: Tensors,
    name: string | undefined,
    options: RunOptions,
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    const { signal } = options;
    if (this.tuner !== undefined && name === undefined) {
      const trial = ({ backend }: UsableCandidate) => this.runner.run(backend, graph, inputs, { signal });
      await this.tune(this.tuner, graph, trial, signal);
    }
    return this.withFallback(graph, name, signal, async ({ backend }) => ({
      outputs: await this.runner.run(backend, graph, inputs, options),
      backend: backend.name,
    }));
  }

  /** Finds the fastest backend by trials, unless it is known. Who fails in one comes last, as after a call. */
  private async tune(
    tuner: Tuner,
    graph: Graph,
    trial: Trial,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.throwIfDisposed();
    checkGraph(graph);
    if (tuner.times(graph) !== undefined) return;
    await this.prepare(graph, undefined, signal);
    const tracked: Trial = (candidate) => {
      this.throwIfDisposed();
      return this.inFlight.track(trial(candidate));
    };
    throwIfAborted(signal, WHERE);
    // A call that waits for another's measurement need not wait to be aborted.
    const tuning = tuner.tune(graph, this.chooser.backends, this.chooser.rank(graph), tracked);
    const failures = await untilAborted(tuning, signal, WHERE);
    for (const { candidate, error } of failures) {
      this.forget(candidate.backend, graph, error);
      const [{ backend: next }] = this.chooser.rank(graph);
      this.listeners.emit('fallback', { graph, from: candidate.backend.name, to: next.name, error });
    }
  }

  /** Has at hand what backends are compared by; one that was named is not compared. */
  private async prepare(
    graph: Graph,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (name === undefined) await this.calibrate({ signal });
    await this.chooser.plan(graph, signal);
    this.throwIfDisposed();
  }

  /** Tries the candidates, best first, until one does not fail for want of a working machine. */
  private async withFallback<T>(
    graph: Graph,
    name: string | undefined,
    signal: AbortSignal | undefined,
    attempt: (candidate: UsableCandidate) => Promise<T>,
    tried: ReadonlySet<string> = new Set(),
  ): Promise<T> {
    this.throwIfDisposed();
    checkGraph(graph);
    if (!this.chooser.isReady(graph, name)) await this.prepare(graph, name, signal);
    const ranked = name === undefined ? this.untried(graph, tried) : [this.chooser.named(graph, name)];
    let best = 0;
    for (;;) {
      const { backend, predictedMs, tunedMs: measuredMs } = ranked[best];
      this.last = { graph, backend: backend.name };
      debug(1, () => describeChoice(graph, ranked[best], this.chooser.candidates(graph)));
      this.listeners.emit('choice', { graph, backend: backend.name, predictedMs, measuredMs });
      this.throwIfDisposed(); // A listener may have done it.
      try {
        const result = await this.inFlight.track(attempt(ranked[best]));
        this.chooser.failures.succeeded(backend.name, graph.key);
        return result;
      } catch (error) {
        if (!(error instanceof AttnError) || !isRecoverable(error)) throw error;
        best += 1;
        this.fallBack(graph, backend, error, ranked[best]);
      }
    }
  }

  /** Candidates that have not been tried, best first. */
  private untried(graph: Graph, tried: ReadonlySet<string>): readonly UsableCandidate[] {
    return this.chooser.rank(graph).filter(({ backend }) => !tried.has(backend.name));
  }

  /** Goes from a backend that failed to the next one, and says so. Errors: `error` when there is none. */
  private fallBack(graph: Graph, from: Backend, error: AttnError, next: UsableCandidate | undefined): void {
    this.throwIfDisposed(error);
    this.forget(from, graph, error);
    if (next === undefined) throw error;
    const to = next.backend.name;
    debug(1, () => `${graph.key}: ${from.name} failed (${error.message}), falling back to ${to}`);
    this.listeners.emit('fallback', { graph, from: from.name, to, error });
  }

  /** Remembers a failure, and drops what no longer works after it. */
  private forget(backend: Backend, graph: Graph, error: AttnError): void {
    this.chooser.failures.failed(backend.name, graph.key, error);
    this.runner.forget(backend, graph, error);
  }
}
