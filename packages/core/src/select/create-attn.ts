/**
 * Takes an ordered list of backends, asks each what it can do and how long it would take, runs every graph on the
 * fastest, and can say why. What was asked for by name never falls back; otherwise a lost device, a dead worker or a
 * lack of memory, say, moves the same call to the next best backend, and says so. See `health.ts` for what counts.
 */
import type { Backend, CompileOptions, Probe, Progress, Tensors } from '../backend.ts';
import { debug } from '../debug.ts';
import { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { notify } from '../graph/notify.ts';
import { untilAborted } from '../graph/until-aborted.ts';
import { LruMap } from '../lru.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import { attentionCalls, type AttentionCall } from './attention-call.ts';
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
import {
  describeChoice,
  explainProbes,
  judge,
  named,
  rank,
  type Candidate,
  type ProbedBackend,
  type UsableCandidate,
} from './candidates.ts';
import { CallGraphs, callInputs, type CallKind } from './call.ts';
import { checkAttnOptions, checkGraph, checkObject } from './check-arguments.ts';
import { cacheKey, ExecutableCache } from './executable-cache.ts';
import { Health, isLost, isRecoverable } from './health.ts';
import { InFlight } from './in-flight.ts';
import { linformerCalls, type LinformerCall } from './linformer-call.ts';
import { lshCalls, type LshCall } from './lsh-call.ts';
import { Listeners } from './listeners.ts';
import { preparePlans } from './prepare-plans.ts';
import { probeAll } from './probe-all.ts';
import { timed } from './timed.ts';

const WHERE = 'core/select';

/** How many executables are kept, and for how many graphs the answers of the backends. */
const EXECUTABLES = 32;
const JUDGED_GRAPHS = 256;

/** How many plans are kept. */
const PLANS = 64;

/**
 * Probes the backends, side by side. Errors: `INVALID_ARGUMENT` for what is not a backend and for two of one name,
 * `ABORTED`.
 */
export async function createAttn(options: AttnOptions): Promise<Attn> {
  const { backends, backend, signal } = checkAttnOptions(options);
  return new Selector(await untilAborted(probeAll(backends), signal, WHERE), backend);
}

class Selector implements Attn {
  private backends: readonly ProbedBackend[];
  private readonly defaultBackend: string | undefined;
  private readonly executables = new ExecutableCache(EXECUTABLES);
  private readonly judged = new LruMap<Candidate[]>(JUDGED_GRAPHS);
  /** The plans of all calls, whichever backend runs them. */
  private readonly plans = new PlanCache({ capacity: PLANS });
  private readonly graphs = new CallGraphs();
  private readonly listeners = new Listeners();
  private readonly health = new Health();
  /** Everything that uses a backend now; `dispose` waits for it. */
  private readonly inFlight = new InFlight();
  private last: { readonly graph: Graph; readonly backend: string } | undefined;
  private disposing: Promise<void> | undefined;

  constructor(backends: readonly ProbedBackend[], defaultBackend: string | undefined) {
    this.backends = backends;
    this.defaultBackend = defaultBackend;
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
    return (await this.runSomewhere(graph, inputs, options)).outputs;
  }

  async compile(
    graph: Graph,
    options: CompileOptions & { readonly backend?: string } = {},
  ): Promise<CompiledGraph> {
    const { backend: name, signal } = checkObject('options', options);
    const { plans } = this;
    return this.withFallback(graph, name, signal, async ({ backend }) => {
      const executable = await timed('compiled', graph, backend, () =>
        backend.compile(graph, { signal, plans }),
      );
      return {
        backend: backend.name,
        run: async (inputs, runOptions) => {
          this.throwIfDisposed();
          return this.inFlight.track(executable.run(inputs, runOptions));
        },
        dispose: () => executable.dispose(),
      };
    });
  }

  probe(): readonly ({ readonly name: string } & Probe)[] {
    return this.backends.map(({ backend, probe }) => ({ name: backend.name, ...probe }));
  }

  async reprobe(): Promise<void> {
    this.throwIfDisposed();
    this.backends = await this.inFlight.track(probeAll(this.backends.map(({ backend }) => backend)));
    this.judged.clear();
    this.health.clear();
  }

  explain(graph: Graph | undefined = this.last?.graph): Explanation[] {
    if (graph === undefined) return explainProbes(this.backends);
    checkGraph(graph);
    const candidates = this.judge(graph);
    const usable = candidates.some(({ predictedMs }) => predictedMs !== undefined);
    const chosen =
      this.last?.graph.key === graph.key
        ? this.last.backend
        : usable && this.rank(graph, candidates)[0].backend.name;
    return candidates.map(({ backend, predictedMs, reason }) => ({
      backend: backend.name,
      usable: predictedMs !== undefined,
      reason: reason ?? this.health.complaint(backend.name, graph.key),
      predictedMs,
      measuredMs: this.executables.measuredMs(cacheKey(backend, graph)),
      chosen: backend.name === chosen,
    }));
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
    const graph = this.graphs.of(kind, call);
    const { outputs, backend } = await this.runSomewhere(graph, callInputs(kind, call), call);
    return { ...outputs, out: outputs.out, backend };
  }

  private async shutDown(): Promise<void> {
    this.executables.clear();
    await this.inFlight.settled();
    await Promise.all(this.backends.map(({ backend }) => backend.dispose()));
    this.plans.clear();
  }

  private throwIfDisposed(cause?: unknown): void {
    if (this.disposing) throw new AttnError('DISPOSED', WHERE, 'this Attn has been disposed', { cause });
  }

  private runSomewhere(
    graph: Graph,
    inputs: Tensors,
    options: AttnRunOptions,
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    const { backend: name, signal, onProgress } = checkObject('options', options);
    const runOptions = {
      signal,
      onProgress: onProgress && ((progress: Progress) => notify(onProgress, progress)),
    };
    const { plans } = this;
    return this.withFallback(graph, name, signal, async ({ backend }) => {
      // Tracked by itself: a call that is aborted no longer waits for it, but it goes on.
      const compile = () =>
        this.inFlight.track(timed('compiled', graph, backend, () => backend.compile(graph, { plans })));
      const outputs = await this.executables.use(
        cacheKey(backend, graph),
        compile,
        async (compiling, measured) => {
          const executable = await untilAborted(compiling, signal, WHERE);
          return timed('ran', graph, backend, () => executable.run(inputs, runOptions), measured);
        },
      );
      return { outputs, backend: backend.name };
    });
  }

  /** Tries the candidates, best first, until one does not fail for want of a working machine. */
  private async withFallback<T>(
    graph: Graph,
    name: string | undefined = this.defaultBackend,
    signal: AbortSignal | undefined,
    attempt: (candidate: UsableCandidate) => Promise<T>,
  ): Promise<T> {
    this.throwIfDisposed();
    checkGraph(graph);
    if (this.judged.get(graph.key) === undefined) {
      await preparePlans(graph, this.plans, signal);
      this.throwIfDisposed();
    }
    const candidates = this.judge(graph);
    const ranked =
      name === undefined ? this.rank(graph, candidates) : [named(this.backends, candidates, name)];
    let best = 0;
    for (;;) {
      const { backend, predictedMs } = ranked[best];
      this.last = { graph, backend: backend.name };
      debug(1, () => describeChoice(graph, ranked[best], candidates));
      this.listeners.emit('choice', { graph, backend: backend.name, predictedMs });
      this.throwIfDisposed(); // A listener may have done it.
      try {
        const result = await this.inFlight.track(attempt(ranked[best]));
        this.health.succeeded(backend.name, graph.key);
        return result;
      } catch (error) {
        if (!(error instanceof AttnError) || !isRecoverable(error)) throw error;
        this.throwIfDisposed(error);
        this.forget(backend, graph, error);
        best += 1;
        if (best === ranked.length) throw error;
        const to = ranked[best].backend.name;
        debug(1, () => `${graph.key}: ${backend.name} failed (${error.message}), falling back to ${to}`);
        this.listeners.emit('fallback', { graph, from: backend.name, to, error });
      }
    }
  }

  /** Drops what no longer works after a failure. */
  private forget(backend: Backend, graph: Graph, error: AttnError): void {
    this.health.failed(backend.name, graph.key, error);
    if (isLost(error)) this.executables.dropAll(cacheKey(backend));
    else this.executables.drop(cacheKey(backend, graph));
  }

  /** The best first; those that failed again and again come last. */
  private rank(graph: Graph, candidates: readonly Candidate[]): UsableCandidate[] {
    const failing = ({ backend }: Candidate) =>
      Number(this.health.complaint(backend.name, graph.key) !== undefined);
    return rank(candidates).sort((a, b) => failing(a) - failing(b));
  }

  private judge(graph: Graph): Candidate[] {
    const known = this.judged.get(graph.key);
    if (known !== undefined) return known;
    const candidates = judge(this.backends, graph, { plans: this.plans });
    this.judged.set(graph.key, candidates);
    return candidates;
  }
}
