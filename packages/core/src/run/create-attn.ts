/** The front door: asks each backend of a list what it can do, and runs every graph on the fastest. */
import { untilAborted } from '../async/until-aborted.ts';
import { attention, type AttentionCall, type AttentionResult } from '../calls/attention.ts';
import type { Call } from '../calls/call.ts';
import type { ProbedBackend } from '../choose/candidates.ts';
import { Chooser } from '../choose/chooser.ts';
import { fastestInputs } from '../choose/fastest-inputs.ts';
import { probeAll } from '../choose/probe-all.ts';
import { withoutErrors } from '../choose/store/calibration-store.ts';
import { hostStore } from '../choose/store/host-store.ts';
import { Tuner } from '../choose/tuner.ts';
import type { Backend, Probe, Tensors } from '../contract/backend.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import type { TensorSpec } from '../tensor.ts';
import { withHostState } from '../host/with-host-state.ts';
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph } from '../graph/graph.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import type { ExactActivationForm } from '../quantize/activations.ts';
import { LruMap } from '../util/lru.ts';
import type {
  Attn,
  AttnEvents,
  AttnOptions,
  AttnRunOptions,
  BoundState,
  CompiledGraph,
  CreateStateOptions,
  Explanation,
  Ran,
} from './attn.ts';
import {
  checkAttnCompileOptions,
  checkAttnOptions,
  checkAttnRunOptions,
  checkCalibrateOptions,
  checkCreateStateOptions,
  type AttnCompileOptions,
} from './check-arguments.ts';
import { HeldGraph, type Placement } from './compiled-graph.ts';
import { Dispatcher, type Outcome } from './dispatcher.ts';
import { Runs } from './runs.ts';
import { AttnState } from './attn-state.ts';
import { isGraph, specsOf } from './state-specs.ts';

const WHERE = 'core/createAttn';

/** How many plans, and how many graphs of calls, are kept. */
const PLANS = 64;
const GRAPHS = 64;

/**
 * Makes an `Attn` of an ordered list of backends, and probes them side by side. Errors: `INVALID_ARGUMENT`
 * for what is not a backend and for two backends of one name; `ABORTED`.
 *
 * @example
 * await using attn = await createAttn({ backends: [wasm(), cpu()] });
 * const { out, backend } = await attn.attention({ q, k, v, pattern: causal() });
 */
export async function createAttn(options: AttnOptions): Promise<Attn> {
  const checked = checkAttnOptions(options);
  const { backends, signal } = checked;
  return new AttnOfBackends(
    await untilAborted(probeAll(backends.map(withHostState)), signal, WHERE),
    checked,
  );
}

class AttnOfBackends implements Attn {
  private readonly defaultBackend: string | undefined;
  /** The plans of all calls, whichever backend runs them. */
  private readonly plans = new PlanCache({ capacity: PLANS });
  /** The graphs of calls, by the calls' keys. */
  private readonly graphs = new LruMap<Graph>(GRAPHS);
  private readonly runs = new Runs(this.plans);
  private readonly chooser: Chooser;
  private readonly dispatcher: Dispatcher;
  private disposing: Promise<void> | undefined;

  constructor(backends: readonly ProbedBackend[], { backend, tune, cache = true }: AttnOptions) {
    const store = typeof cache === 'object' ? cache : cache ? hostStore() : undefined;
    const safe = store && withoutErrors(store);
    const tuner = tune === 'measure' ? new Tuner(safe) : undefined;
    this.defaultBackend = backend;
    this.chooser = new Chooser(backends, this.plans, safe, tuner);
    this.dispatcher = new Dispatcher(this.chooser, this.runs, tuner);
  }

  async attention<Lse extends boolean = false>(
    call: AttentionCall<Lse>,
    options?: AttnRunOptions,
  ): Promise<Ran<AttentionResult<Lse>>> {
    const value = attention(call);
    return this.run(value, options);
  }

  run<R extends object>(call: Call<R>, options?: AttnRunOptions): Promise<Ran<R>>;
  run(graph: Graph, inputs: Tensors, options?: AttnRunOptions): Promise<Tensors>;
  async run<R extends object>(
    work: Call<R> | Graph,
    inputsOrOptions?: Tensors | AttnRunOptions,
    options?: AttnRunOptions,
  ): Promise<Ran<R> | Tensors> {
    if (isCall(work)) {
      const { outputs, backend } = await this.runGraph(this.graphOf(work), work.inputs, inputsOrOptions);
      return { ...work.result(outputs), backend };
    }
    const { outputs } = await this.runGraph(work, inputsOrOptions as Tensors, options);
    return outputs;
  }

  async compile(graph: Graph, options: AttnCompileOptions = {}): Promise<CompiledGraph> {
    const { backend: name = this.defaultBackend, signal } = checkAttnCompileOptions(options);
    const place = (backend: Backend) => this.place(backend, graph, signal);
    return new HeldGraph(await this.dispatcher.dispatch(graph, { name, signal }, place), {
      place: (backend) => this.place(backend, graph, undefined),
      inTurn: (first, stop, attempt) =>
        this.dispatcher.dispatch(graph, { name, first, signal: stop }, attempt),
      withState: (state, site, stop, attempt) => {
        const own = AttnState.of(this, state, 'core/run');
        own.checkPlace(site.name);
        const turn = own.inTurn(
          () =>
            this.dispatcher.dispatch(graph, { name: own.backend, signal: stop }, () => attempt(own.inner)),
          stop,
        );
        return this.runs.track(turn);
      },
    });
  }

  async createState(
    work: Graph | Readonly<Record<string, TensorSpec>>,
    options: CreateStateOptions = {},
  ): Promise<BoundState> {
    const { backend: name = this.defaultBackend, signal } = checkCreateStateOptions(options);
    throwIfAborted(signal, 'core/createState');
    const specs = isGraph(work) ? specsOf(work) : work;
    const create = async (backend: Backend): Promise<AttnState> => {
      const state = await backend.createState?.(specs);
      if (state === undefined) throw new AttnError('INTERNAL', WHERE, `${backend.name} has no state`);
      if (signal?.aborted) await state.dispose();
      throwIfAborted(signal, 'core/createState');
      return new AttnState(this, backend, state);
    };
    if (isGraph(work)) return this.dispatcher.dispatch(work, { name, signal }, create);
    this.dispatcher.throwIfOver();
    return this.runs.track(create(this.chooser.first(name)));
  }

  release(graph: Graph): void {
    checkGraph(graph);
    this.runs.release(graph);
  }

  probe(): readonly ({ readonly name: string } & Probe)[] {
    return this.chooser.backends.map(({ backend, probe }) => ({ name: backend.name, ...probe }));
  }

  fastestInputs(): ExactActivationForm {
    return fastestInputs(this.chooser.backends, this.defaultBackend);
  }

  async reprobe(): Promise<void> {
    this.dispatcher.throwIfOver();
    const backends = this.chooser.backends.map(({ backend }) => backend);
    this.chooser.reset(await this.runs.track(probeAll(backends, { again: true })));
  }

  async calibrate(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = checkCalibrateOptions(options);
    await this.dispatcher.calibrate(signal);
  }

  explain(graph: Graph | undefined = this.dispatcher.last?.graph): Explanation[] {
    if (graph !== undefined) checkGraph(graph);
    const { last } = this.dispatcher;
    const ran = last?.graph.key === graph?.key ? last?.backend : undefined;
    return this.chooser.explain(graph, ran, (backend) => graph && this.runs.measuredMs(backend, graph));
  }

  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void {
    return this.dispatcher.listeners.on(event, listener);
  }

  dispose(): Promise<void> {
    this.disposing ??= this.shutDown();
    return this.disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async shutDown(): Promise<void> {
    this.dispatcher.end();
    this.runs.clear();
    await this.runs.settled();
    await Promise.all(this.chooser.backends.map(({ backend }) => backend.dispose()));
    this.plans.clear();
  }

  /** The graph of a call, built once for calls of equal keys. */
  private graphOf<R extends object>(call: Call<R>): Graph {
    const { key } = call;
    if (key === undefined) return call.graph;
    const graph = this.graphs.get(key) ?? call.graph;
    this.graphs.set(key, graph);
    return graph;
  }

  /** Runs a graph with the options that a caller gave. */
  private async runGraph(graph: Graph, inputs: Tensors, options: AttnRunOptions = {}): Promise<Outcome> {
    const { state, backend, ...checked } = checkAttnRunOptions(options);
    if (state === undefined)
      return this.dispatcher.run(graph, inputs, { ...checked, backend: backend ?? this.defaultBackend });
    const own = AttnState.of(this, state, 'core/run');
    own.checkPlace(backend);
    // Counted as work from now on, so that `dispose` waits for its turn.
    const turn = own.inTurn(
      () => this.dispatcher.run(graph, inputs, { ...checked, state: own.inner, backend: own.backend }),
      checked.signal,
    );
    return this.runs.track(turn);
  }

  /** Compiles a graph for a caller who holds it. */
  private async place(backend: Backend, graph: Graph, signal: AbortSignal | undefined): Promise<Placement> {
    const compiling = this.runs.compile(backend, graph, { signal });
    try {
      return { backend, executable: await untilAborted(compiling, signal, 'core/compile') };
    } catch (error) {
      // Aborted while the backend goes on: its executable has no owner, and is disposed when it comes.
      compiling.then(
        (executable) => executable.dispose(),
        () => {},
      );
      throw error;
    }
  }
}

/** True for a call; everything else is taken for a graph, and refused as that. */
function isCall<R extends object>(work: Call<R> | Graph): work is Call<R> {
  try {
    return typeof work === 'object' && work !== null && 'result' in work;
  } catch {
    return false; // An object that nobody may look into.
  }
}
