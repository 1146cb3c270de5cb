/** Which backends can run a graph, and which is expected to be fastest. */
import { supportsGraph, type Backend, type Probe, type SharedState } from '../contract/backend.ts';
import { AttnError, show } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Explanation } from '../run/attn.ts';

/** A backend and its probe. */
export interface ProbedBackend {
  readonly backend: Backend;
  readonly probe: Probe;
}

/** A backend's answer for a graph: its predicted time, or why it cannot run it. */
export interface Candidate {
  readonly backend: Backend;
  /** Predicted milliseconds of one run; undefined when the backend cannot run the graph. */
  readonly predictedMs: number | undefined;
  /** Measured milliseconds of one run, where candidates were timed (`tune: 'measure'`). */
  readonly tunedMs?: number;
  /** Why the backend cannot run the graph; undefined if it can. */
  readonly reason: string | undefined;
}

/** A candidate that can run the graph. */
export interface UsableCandidate extends Candidate {
  readonly predictedMs: number;
}

/** Asks every backend about a graph; the answers are in the order of the list. */
export function candidatesFor(
  backends: readonly ProbedBackend[],
  graph: Graph,
  shared: SharedState,
): Candidate[] {
  return backends.map(({ backend, probe }) => {
    if (!probe.available) return { backend, predictedMs: undefined, reason: probe.reason };
    const supported = supportsGraph(backend, graph);
    if (supported !== true) return { backend, predictedMs: undefined, reason: supported };
    const predictedMs = backend.estimate(graph, shared);
    // NaN would upset the order: a backend that cannot predict comes last.
    return { backend, predictedMs: Number.isNaN(predictedMs) ? Infinity : predictedMs, reason: undefined };
  });
}

/**
 * Sorts the candidates that can run the graph, the fastest first. Measured ones come before the others, which
 * were not worth a measurement; equally fast ones keep the order of the list. Errors: `NO_BACKEND`.
 */
export function rank(candidates: readonly Candidate[]): UsableCandidate[] {
  const usable = candidates.filter(
    (candidate): candidate is UsableCandidate => candidate.predictedMs !== undefined,
  );
  if (usable.length === 0) {
    const reasons = candidates.map(({ backend, reason }) => `${backend.name}: ${reason}`).join('; ');
    throw new AttnError(
      'NO_BACKEND',
      'core/run',
      `no backend can run this graph (${reasons || 'none is listed'})`,
    );
  }
  const byTime = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
  return usable.sort(
    (a, b) => byTime(a.tunedMs ?? Infinity, b.tunedMs ?? Infinity) || byTime(a.predictedMs, b.predictedMs),
  );
}

/**
 * The candidate of the backend with this name. Errors: `INVALID_ARGUMENT` when no such backend is listed;
 * `BACKEND_UNAVAILABLE` or `UNSUPPORTED` when it cannot run the graph.
 */
export function candidateOf(
  backends: readonly ProbedBackend[],
  candidates: readonly Candidate[],
  name: string,
): UsableCandidate {
  const index = backends.findIndex(({ backend }) => backend.name === name);
  if (index < 0) {
    const names = backends.map(({ backend }) => backend.name).join(', ');
    throw new AttnError(
      'INVALID_ARGUMENT',
      'core/run',
      `there is no backend ${show(name)}; listed are ${names}`,
    );
  }
  const { predictedMs, reason } = candidates[index];
  if (predictedMs === undefined) {
    const code = backends[index].probe.available ? 'UNSUPPORTED' : 'BACKEND_UNAVAILABLE';
    throw new AttnError(
      code,
      'core/run',
      `backend ${name} was asked for by name but cannot run this graph: ${reason}`,
    );
  }
  return { ...candidates[index], predictedMs };
}

/** Explains the probes: which backends there are, before there is a graph. */
export function explainProbes(backends: readonly ProbedBackend[]): Explanation[] {
  return backends.map(({ backend, probe }) => ({
    backend: backend.name,
    usable: probe.available,
    reason: probe.available ? undefined : probe.reason,
    predictedMs: undefined,
    measuredMs: undefined,
    chosen: false,
  }));
}

/** One line for people: the chosen backend, and the predicted times of the others or why they cannot. */
export function describeChoice(
  graph: Graph,
  chosen: UsableCandidate,
  candidates: readonly Candidate[],
): string {
  const others = candidates
    .filter(({ backend }) => backend !== chosen.backend)
    .map(
      ({ backend, predictedMs, reason }) => `${backend.name}: ${reason ?? `${predictedMs?.toFixed(2)} ms`}`,
    );
  const rest = others.length > 0 ? `; ${others.join('; ')}` : '';
  const ms =
    chosen.tunedMs === undefined
      ? `${chosen.predictedMs.toFixed(2)} ms predicted`
      : `${chosen.tunedMs.toFixed(2)} ms measured`;
  return `${graph.key}: ${chosen.backend.name} (${ms}${rest})`;
}
