/**
 * Who runs a graph: the backends ranked by what they took when they were timed, else by what they say they
 * will take; those that fail again and again come last.
 */
import type { Backend } from '../contract/backend.ts';
import type { Graph } from '../graph/graph.ts';
import { LruMap } from '../util/lru.ts';
import type { PlanCache } from '../plan/plan-cache.ts';
import type { Explanation } from '../run/attn.ts';
import { calibrateAll } from './calibrate.ts';
import {
  explainProbes,
  judge,
  named,
  rank,
  type Candidate,
  type ProbedBackend,
  type UsableCandidate,
} from './candidates.ts';
import { Health } from './health.ts';
import { preparePlans } from './prepare-plans.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import type { Tuner } from './tuner.ts';

/** For how many graphs the answers of the backends are kept. */
const JUDGED_GRAPHS = 256;

export class Chooser {
  readonly health: Health = new Health();
  private probed: readonly ProbedBackend[];
  private readonly plans: PlanCache;
  private readonly store: CalibrationStore | undefined;
  private readonly tuner: Tuner | undefined;
  private readonly judged = new LruMap<Candidate[]>(JUDGED_GRAPHS);
  private calibrating: Promise<void> | undefined;
  private isCalibrated = false;

  /** @param tuner knows times of graphs, where calls are timed */
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

  /** In the order of the list. */
  get backends(): readonly ProbedBackend[] {
    return this.probed;
  }

  /** Starts anew with what another probe has found. */
  reset(backends: readonly ProbedBackend[]): void {
    this.probed = backends;
    this.judged.clear();
    this.health.clear();
    this.tuner?.clear();
    this.calibrating = undefined;
    this.isCalibrated = false;
  }

  /** Calibrates the backends, unless there is no choice among them. Once. */
  calibrate(): Promise<void> {
    this.calibrating ??= this.calibrateNow();
    return this.calibrating;
  }

  /** Makes the plans that judging a graph needs. Errors: `ABORTED`, and those of planning. */
  plan(graph: Graph, signal: AbortSignal | undefined): Promise<void> {
    return preparePlans(graph, this.plans, signal);
  }

  /** True when choosing for a graph, or judging the backend that was named, takes no time. */
  isReady(graph: Graph, name: string | undefined): boolean {
    return (name !== undefined || this.isCalibrated) && this.judged.get(graph.key) !== undefined;
  }

  /** Every backend's answer, in the order of the list. */
  judge(graph: Graph): Candidate[] {
    let candidates = this.judged.get(graph.key);
    if (candidates === undefined) {
      candidates = judge(this.probed, graph, { plans: this.plans });
      this.judged.set(graph.key, candidates);
    }
    const times = this.tuner?.times(graph);
    if (times === undefined) return candidates;
    return candidates.map((candidate) => ({ ...candidate, tunedMs: times.get(candidate.backend.name) }));
  }

  /** The best first. Errors: `NO_BACKEND`. */
  rank(graph: Graph): UsableCandidate[] {
    const failing = ({ backend }: Candidate) =>
      Number(this.health.complaint(backend.name, graph.key) !== undefined);
    return rank(this.judge(graph)).sort((a, b) => failing(a) - failing(b));
  }

  /** The named one. Errors: those of `named` in `candidates.ts`. */
  named(graph: Graph, name: string): UsableCandidate {
    return named(this.probed, this.judge(graph), name);
  }

  /**
   * One row a backend; without a graph, what can be said before there is one.
   * @param ran who ran the graph last
   * @param lastMs of a backend's last run of the graph
   */
  explain(
    graph: Graph | undefined,
    ran: string | undefined,
    lastMs: (backend: Backend) => number | undefined,
  ): Explanation[] {
    if (graph === undefined) return explainProbes(this.probed);
    const candidates = this.judge(graph);
    const isPossible = candidates.some(({ predictedMs }) => predictedMs !== undefined);
    const chosen = ran ?? (isPossible ? this.rank(graph)[0].backend.name : undefined);
    return candidates.map(({ backend, predictedMs, tunedMs, reason }) => ({
      backend: backend.name,
      usable: predictedMs !== undefined,
      reason: reason ?? this.health.complaint(backend.name, graph.key),
      predictedMs,
      measuredMs: lastMs(backend) ?? tunedMs,
      chosen: backend.name === chosen,
    }));
  }

  private async calibrateNow(): Promise<void> {
    if (this.probed.filter(({ probe }) => probe.available).length > 1) {
      await calibrateAll(this.probed, this.store);
      this.judged.clear();
    }
    this.isCalibrated = true;
  }
}
