/**
 * What all backends have in common: they check arguments, probe the machine once, refuse what they cannot
 * run, keep their measured speed, and end. A backend provides the parts that differ; `defineBackend` adds the
 * rest, so that the promises of `backend.ts` hold.
 */
import {
  supportsGraph,
  type Backend,
  type CompileOptions,
  type Executable,
  type Probe,
  type ProbeOptions,
} from './backend.ts';
import { AttnError, throwIfAborted } from '../errors.ts';
import { checkGraph } from '../graph/check-graph.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import { checkCompileOptions, checkProbeOptions } from './run-options.ts';
import { canonicalJson, type Json } from '../util/json-value.ts';
import { PlanCache } from '../plan/plan-cache.ts';
import type { TensorSpec } from '../tensor.ts';
import type { State } from './state.ts';
import type { ExactActivationForm } from '../quantize/activations.ts';

/** What `compile` of `BackendParts` receives beside the graph. */
export interface CompileContext {
  /** The cache of plans: that of the `Attn` which compiles, or the backend's own. */
  readonly plans: PlanCache;
  /** Aborts a compilation that can stop early. If it cannot, its executable is disposed at the end. */
  readonly signal: AbortSignal | undefined;
}

/** A speed is a number, or a record of numbers, so that it can be stored as JSON. */
export type SpeedOf<S> = number | { readonly [K in keyof S]: number };

/** How a backend measures its speed on this machine. */
export interface SpeedParts<S extends SpeedOf<S>> {
  /** The speed to assume until it is measured. It may depend on the probe. */
  initial(): S;
  /** Reads the speed that an earlier `measure` returned from its JSON; undefined for any other JSON. */
  parse(stored: Json | undefined): S | undefined;
  /**
   * Measures the speed; only called where the backend is available. After an error the speed stays as it was.
   *
   * @param plans the backend's own cache of plans
   */
  measure(plans: PlanCache): S | Promise<S>;
}

/** The parts of a backend that `defineBackend` needs. */
export interface BackendParts<E extends Executable> {
  /** The version of the backend's package. */
  readonly version?: string;
  /** How layers of codes read their inputs fastest here. Default: it is all the same. */
  readonly fastestInputs?: ExactActivationForm;
  /** Probes the machine. An error makes the backend unavailable, and its sentence is the reason. */
  probe(): Probe | Promise<Probe>;
  /** True, or a sentence that says why a node cannot run here. */
  supports(node: GraphNode, graph: Graph): true | string;
  /** Prepares a supported graph to run. Only called where the backend is available. */
  compile(graph: Graph, context: CompileContext): E | Promise<E>;
  /** Creates tensors that stay between runs; `States` does most of it. Only called where available. */
  createState?(specs: Readonly<Record<string, TensorSpec>>): Promise<State>;
  /** Ends everything that the backend has opened, and its states. Called once. */
  dispose?(): void | Promise<void>;
}

/** A backend whose predictions rest on constants. */
export interface FixedSpeed {
  readonly speed?: undefined;
  /** Predicts the milliseconds of one run. */
  estimate(graph: Graph, plans: PlanCache): number;
}

/** A backend whose predictions rest on a measurement. */
export interface MeasuredSpeed<S extends SpeedOf<S>> {
  readonly speed: SpeedParts<S>;
  /** Predicts the milliseconds of one run at a speed. */
  estimate(graph: Graph, plans: PlanCache, speed: S): number;
}

/** A backend with executables of its own type, which may have more methods than `Executable`. */
export interface BackendOf<E extends Executable> extends Backend {
  compile(graph: Graph, options?: CompileOptions): Promise<E>;
}

/**
 * Makes a backend from the parts in which backends differ. It adds
 *
 * - checks of options and graphs, with errors that name backend and method: `abacus/compile`;
 * - a probe that never throws, and is cached until somebody asks to probe again;
 * - a `compile` that rejects when the backend is disposed or unavailable, the call is aborted, or the graph
 *   is unsupported, and that disposes an executable which is ready only after an abort or a disposal;
 * - the speed: parsed from an earlier measurement, or measured;
 * - a cache of plans for use without `createAttn`, and disposal that happens once.
 *
 * @param name a stable lower-case name
 * @param parts the backend's own parts
 *
 * @example
 * const abacus = () =>
 *   defineBackend('abacus', {
 *     probe: () => ({ available: true, summary: 'an abacus', features: {} }),
 *     supports: ({ op }) => kernels[op] !== undefined || `an abacus has no ${op}`,
 *     estimate: (graph) => graph.nodes.length,
 *     compile: (graph) => compileGraph(graph, { backend: 'abacus', kernels }),
 *   });
 */
export function defineBackend<E extends Executable, S extends SpeedOf<S> = number>(
  name: string,
  parts: BackendParts<E> & (FixedSpeed | MeasuredSpeed<S>),
): BackendOf<E> {
  const ownPlans = new PlanCache();
  let probing: Promise<Probe> | undefined;
  let isDisposed = false;
  let ending: Promise<void> | undefined;
  let measured: S | undefined;
  /** The features of the machine when the backend was last available. */
  let features: string | undefined;

  const throwIfDisposed = (where: string, cause?: unknown): void => {
    if (!isDisposed) return;
    throw new AttnError('DISPOSED', where, DISPOSED.reason, cause === undefined ? undefined : { cause });
  };

  const probeAnew = async (): Promise<Probe> => {
    if (isDisposed) return DISPOSED;
    const probe = await Promise.resolve()
      .then(() => parts.probe())
      .catch(unavailable);
    if (isDisposed) return DISPOSED;
    if (probe.available) {
      const last = features;
      features = canonicalJson(probe.features);
      // The measurement was of another device.
      if (last !== undefined && last !== features) measured = undefined;
    }
    return probe;
  };

  const probe = async (options?: ProbeOptions): Promise<Probe> => {
    const { again = false } = checkProbeOptions(`${name}/probe`, options);
    if (again || isDisposed) probing = undefined;
    probing ??= probeAnew();
    return probing;
  };

  /** Errors: `DISPOSED`, `BACKEND_UNAVAILABLE`. */
  const throwUnlessAvailable = async (where: string): Promise<void> => {
    throwIfDisposed(where);
    const result = await probe();
    throwIfDisposed(where);
    if (!result.available) throw new AttnError('BACKEND_UNAVAILABLE', where, result.reason);
  };

  const calibrator =
    (own: SpeedParts<S>) =>
    async (stored?: Json): Promise<Json> => {
      const where = `${name}/calibrate`;
      let speed = own.parse(stored);
      if (speed === undefined) {
        await throwUnlessAvailable(where);
        speed = await own.measure(ownPlans);
        throwIfDisposed(where);
      }
      measured = speed;
      return typeof speed === 'number' ? speed : { ...speed };
    };

  const end = async (): Promise<void> => {
    ownPlans.clear();
    await parts.dispose?.();
  };

  const { createState } = parts;
  const backend: BackendOf<E> = {
    name,
    version: parts.version,
    fastestInputs: parts.fastestInputs,
    probe,
    supports: (node, graph) => parts.supports(node, graph),
    estimate(graph, { plans = ownPlans } = {}) {
      checkGraph(graph, `${name}/estimate`);
      if (parts.speed === undefined) return parts.estimate(graph, plans);
      return parts.estimate(graph, plans, measured ?? parts.speed.initial());
    },
    ...(parts.speed !== undefined && { calibrate: calibrator(parts.speed) }),
    async compile(graph, options) {
      const where = `${name}/compile`;
      const { signal, plans = ownPlans } = checkCompileOptions(where, options);
      checkGraph(graph, where);
      const throwIfOver = (cause?: unknown): void => {
        throwIfDisposed(where, cause);
        throwIfAborted(signal, where);
      };
      throwIfOver();
      await throwUnlessAvailable(where);
      throwIfOver();
      const supported = supportsGraph(backend, graph);
      if (supported !== true) throw new AttnError('UNSUPPORTED', where, supported);
      let executable: E;
      try {
        executable = await parts.compile(graph, { plans, signal });
      } catch (error) {
        // After an abort or a disposal, that is why it failed.
        throwIfOver(error);
        throw error;
      }
      if (signal?.aborted || isDisposed) executable.dispose();
      throwIfOver();
      return executable;
    },
    ...(createState !== undefined && {
      async createState(specs) {
        await throwUnlessAvailable(`${name}/createState`);
        return createState.call(parts, specs);
      },
    }),
    dispose() {
      isDisposed = true;
      ending ??= end();
      return ending;
    },
  };
  return backend;
}

const DISPOSED = { available: false, reason: 'the backend has been disposed' } as const;

function unavailable(error: unknown): Probe {
  const reason = error instanceof AttnError ? error.sentence : `it could not be started: ${String(error)}`;
  return { available: false, reason };
}
