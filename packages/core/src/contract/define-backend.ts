/**
 * What every backend does alike, in one place: it checks arguments, looks at the machine once, refuses what
 * it cannot run, keeps its measured speed, and ends. A backend gives the parts that differ; what
 * `defineBackend` makes of them keeps the promises of `backend.ts`.
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

/** What `compile` of a backend's parts gets beside the graph. */
export interface CompileContext {
  /** The store of plans: that of the `Attn` which compiles, or the backend's own. */
  readonly plans: PlanCache;
  /** For a compilation that can stop early. Where one cannot, its executable is disposed at the end. */
  readonly signal: AbortSignal | undefined;
}

/** A speed is a number, or a record of numbers: it is kept as JSON. */
export type SpeedOf<S> = number | { readonly [K in keyof S]: number };

/** How a backend knows its speed on this machine. */
export interface SpeedParts<S extends SpeedOf<S>> {
  /** The speed that is assumed until it is measured. May depend on what `probe` has found. */
  initial(): S;
  /** The speed that an earlier `measure` found, from its JSON; undefined for anything else. */
  parse(known: Json | undefined): S | undefined;
  /**
   * Measures the speed, where `probe` finds the backend available. Errors leave the speed as it was.
   *
   * @param plans the backend's own store of plans
   */
  measure(plans: PlanCache): S | Promise<S>;
}

/** The parts that every backend has. */
export interface BackendParts<E extends Executable> {
  /** The version of the backend's package. */
  readonly version?: string;
  /** Looks at the machine. An error makes the backend unavailable, and its sentence is the reason. */
  probe(): Probe | Promise<Probe>;
  /** True, or one sentence that says why this node cannot run here. */
  supports(node: GraphNode, graph: Graph): true | string;
  /** Prepares a graph that is supported, on a machine where the backend is available. */
  compile(graph: Graph, context: CompileContext): E | Promise<E>;
  /** Ends whatever the backend has opened. Called once. */
  dispose?(): void | Promise<void>;
}

/** A backend whose predictions rest on constants. */
export interface FixedSpeed {
  readonly speed?: undefined;
  /** Predicted milliseconds of one run. */
  estimate(graph: Graph, plans: PlanCache): number;
}

/** A backend whose predictions rest on a measurement. */
export interface MeasuredSpeed<S extends SpeedOf<S>> {
  readonly speed: SpeedParts<S>;
  /** Predicted milliseconds of one run at this speed. */
  estimate(graph: Graph, plans: PlanCache, speed: S): number;
}

/** A backend whose executables may do more than `Executable` says. */
export interface BackendOf<E extends Executable> extends Backend {
  compile(graph: Graph, options?: CompileOptions): Promise<E>;
}

/**
 * Makes a backend of the parts in which backends differ. It owns
 *
 * - the checks of options and graphs, and errors that name the backend and the method: `abacus/compile`;
 * - the probe: never throws, and is kept until it is asked for again;
 * - `compile` around the part's own: it refuses when the backend is disposed or unavailable, the call is
 *   aborted, or the graph unsupported; an executable that comes after an abort or a disposal is disposed, and
 *   the call rejects;
 * - the speed: parsed from an earlier measurement, or measured;
 * - a store of plans for use without `createAttn`; and disposal, which happens once.
 *
 * @param name stable lower-case name
 * @param parts what this backend does itself
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
  /** The features of the machine when it was last available. */
  let features: string | undefined;

  const throwIfDisposed = (where: string, cause?: unknown): void => {
    if (!isDisposed) return;
    throw new AttnError('DISPOSED', where, DISPOSED.reason, cause === undefined ? undefined : { cause });
  };

  const look = async (): Promise<Probe> => {
    if (isDisposed) return DISPOSED;
    const probe = await Promise.resolve()
      .then(() => parts.probe())
      .catch(unavailable);
    if (isDisposed) return DISPOSED;
    if (probe.available) {
      const last = features;
      features = canonicalJson(probe.features);
      // Of a device that came in the place of another nothing has been measured.
      if (last !== undefined && last !== features) measured = undefined;
    }
    return probe;
  };

  const probe = async (options?: ProbeOptions): Promise<Probe> => {
    const { again = false } = checkProbeOptions(`${name}/probe`, options);
    if (again || isDisposed) probing = undefined;
    probing ??= look();
    return probing;
  };

  /** Errors: `DISPOSED`, `BACKEND_UNAVAILABLE`. */
  const throwUnlessAvailable = async (where: string): Promise<void> => {
    throwIfDisposed(where);
    const found = await probe();
    throwIfDisposed(where);
    if (!found.available) throw new AttnError('BACKEND_UNAVAILABLE', where, found.reason);
  };

  const calibrator =
    (own: SpeedParts<S>) =>
    async (known?: Json): Promise<Json> => {
      const where = `${name}/calibrate`;
      let speed = own.parse(known);
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

  const backend: BackendOf<E> = {
    name,
    version: parts.version,
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
        // Whatever failed then, failed because of that.
        throwIfOver(error);
        throw error;
      }
      if (signal?.aborted || isDisposed) executable.dispose();
      throwIfOver();
      return executable;
    },
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
