/**
 * Chooses the backend that runs a graph: by measured times, else by predicted ones. Backends that fail again
 * and again come last.
 */
import type { Backend } from '../contract/backend.ts';
import type { Graph } from '../graph/graph.ts';
import { keepsStateOnHost } from '../host/with-host-state.ts';
import { LruMap } from '../util/lru.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import type { Explanation } from '../run/attn.ts';
import { calibrateAll } from './calibrate.ts';
import {
  candidateOf,
  candidatesFor,
  describeChoice,
  explainProbes,
  rank,
  type Candidate,
  type ProbedBackend,
  type UsableCandidate,
} from './candidates.ts';
import { FailureLog } from './failure-log.ts';
import { preparePlans } from './prepare-plans.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import type { Tuner } from './tuner.ts';

/** How many graphs the backends' answers are cached for. */
const GRAPHS = 256;

export class Chooser {
  readonly failures: FailureLog = new FailureLog();
  private probed: readonly ProbedBackend[];
  private readonly plans: PlanCache;
  private readonly store: CalibrationStore | undefined;
  private readonly tuner: Tuner | undefined;
  /** Candidates by the graph's key. */
  private readonly cache = new LruMap<Candidate[]>(GRAPHS);
  private calibrating: Promise<void> | undefined;
  private isCalibrated = false;

  /** @param tuner times of graphs, where calls are timed */
  constructor(
    backends: readonly ProbedBackend[],
    plans: PlanCache,
    store: CalibrationStore | undefined,
    tuner: Tuner | undefined,
  ) {
    this.probed = backends;
    this.plans = plans;
    this.store = store;
    this.tuner = tuner;
  }

  /** The backends and their probes, in the order of the list. */
  get backends(): readonly ProbedBackend[] {
    return this.probed;
  }

  /** Starts anew, with new probes. */
  reset(backends: readonly ProbedBackend[]): void {
    this.probed = backends;
    this.cache.clear();
    this.failures.clear();
    this.tuner?.clear();
    this.calibrating = undefined;
    this.isCalibrated = false;
  }

  /** Calibrates the backends once, unless there is no choice among them. */
  calibrate(): Promise<void> {
    this.calibrating ??= this.calibrateNow();
    return this.calibrating;
  }

  /** Makes the plans that estimates of a graph need. Errors: `ABORTED`, and those of planning. */
  plan(graph: Graph, signal: AbortSignal | undefined): Promise<void> {
    return preparePlans(graph, this.plans, signal);
  }

  /** Whether `turns` takes no time: all answers are cached. */
  isReady(graph: Graph, name: string | undefined): boolean {
    return (name !== undefined || this.isCalibrated) && this.cache.get(graph.key) !== undefined;
  }

  /** The backends' answers for a graph, in the order of the list. */
  private candidates(graph: Graph): Candidate[] {
    let candidates = this.cache.get(graph.key);
    if (candidates === undefined) {
      candidates = candidatesFor(this.probed, graph, { plans: this.plans });
      this.cache.set(graph.key, candidates);
    }
    const times = this.tuner?.times(graph);
    if (times === undefined) return candidates;
    return candidates.map((candidate) => ({ ...candidate, tunedMs: times.get(candidate.backend.name) }));
  }

  /**
   * The candidates that are tried for a graph, in turn: the named backend's alone; else the backend
   * `first`, and then the others, the best first. Errors: `NO_BACKEND`; for a name `INVALID_ARGUMENT`,
   * `BACKEND_UNAVAILABLE`, `UNSUPPORTED`.
   */
  turns(graph: Graph, name?: string, first?: Backend): UsableCandidate[] {
    const candidates = this.candidates(graph);
    if (name !== undefined) return [candidateOf(this.probed, candidates, name)];
    const place = ({ backend }: Candidate): number => {
      if (backend === first) return -1;
      return this.failures.complaint(backend.name, graph.key) === undefined ? 0 : 1;
    };
    return rank(candidates).sort((a, b) => place(a) - place(b));
  }

  /**
   * The named backend, or the first that is available, for work without a graph. Errors: those of `turns`,
   * but `UNSUPPORTED`.
   */
  first(name: string | undefined): Backend {
    const candidates = this.probed.map(({ backend, probe }): Candidate => {
      if (probe.available) return { backend, predictedMs: 0, reason: undefined };
      return { backend, predictedMs: undefined, reason: probe.reason };
    });
    return (name === undefined ? rank(candidates)[0] : candidateOf(this.probed, candidates, name)).backend;
  }

  /** One line for people: why a candidate was chosen. */
  describe(graph: Graph, chosen: UsableCandidate): string {
    return describeChoice(graph, chosen, this.candidates(graph));
  }

  /**
   * One row per backend; without a graph, what can be said before there is one.
   * @param ran the backend that ran the graph last
   * @param lastMs milliseconds of a backend's last run of the graph
   */
  explain(
    graph: Graph | undefined,
    ran: string | undefined,
    lastMs: (backend: Backend) => number | undefined,
  ): Explanation[] {
    if (graph === undefined) return explainProbes(this.probed);
    const candidates = this.candidates(graph);
    const isPossible = candidates.some(({ predictedMs }) => predictedMs !== undefined);
    const chosen = ran ?? (isPossible ? this.turns(graph)[0].backend.name : undefined);
    return candidates.map(({ backend, predictedMs, tunedMs, reason }) => ({
      backend: backend.name,
      usable: predictedMs !== undefined,
      reason: reason ?? this.failures.complaint(backend.name, graph.key) ?? slowState(backend, graph),
      predictedMs,
      measuredMs: lastMs(backend) ?? tunedMs,
      chosen: backend.name === chosen,
    }));
  }

  private async calibrateNow(): Promise<void> {
    if (this.probed.filter(({ probe }) => probe.available).length > 1) {
      await calibrateAll(this.probed, this.store);
      this.cache.clear();
    }
    this.isCalibrated = true;
  }
}

/** Why a backend is slower than it might be with the states of a graph; undefined if it is not. */
function slowState(backend: Backend, { states }: Graph): string | undefined {
  if (states.size === 0 || !keepsStateOnHost(backend)) return undefined;
  return 'it keeps no state between runs: each run copies it in and out';
}
