/**
 * `tune: 'measure'`: the first call of a graph times the best candidates on the call's own inputs, and later
 * calls use the times. They are stored by the graph's structure, the machine, and the versions of all
 * backends.
 */
import { clock } from '../async/clock.ts';
import { debug } from '../util/debug.ts';
import { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { structureKey } from '../graph/finish.ts';
import { LruMap } from '../util/lru.ts';
import type { Json } from '../util/json-value.ts';
import { identityOf } from './calibrate.ts';
import type { ProbedBackend, UsableCandidate } from './candidates.ts';
import { isRecoverable } from './failure-log.ts';
import { MOST_STILL_MS, MOST_STILL_RUNS } from './least-time.ts';
import { isPlausible } from './plausible.ts';
import { workClock } from './work-clock.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import { machineName } from './machine-name.ts';

/** How many candidates are timed at most. */
const MOST = 3;

/** Candidates that are predicted to be so many times slower than the best are not timed. */
const NEAR = 4;

/**
 * The least runs and milliseconds of a warm-up: engines optimise what runs often, and the system must first
 * find memory for results, which can take longer than the work.
 */
const WARM_UP_RUNS = 4;
const WARM_UP_MS = 40;

/** A warm-up ends after so many milliseconds in any case. */
const LONG_MS = 1000;

/** How many samples each candidate gets at most. */
const SAMPLES = 7;

/** The least milliseconds of a sample. */
const SAMPLE_MS = 8;

/** No run takes fewer milliseconds. */
const LEAST_MS = 0.01;

/** Milliseconds of rest before a sample, in which threads of other backends go to sleep. */
const REST_MS = 15;

/** After so many samples the times are reliable. */
const SURE_SAMPLES = 3;

/** A candidate so many times slower than the best is out, once times are reliable. */
const BEATEN = 1.5;

/** A candidate so many times slower than the best is out at once. */
const HOPELESS = 2.5;

/** Reliable samples that took so many milliseconds together are enough. */
const ENOUGH_MS = 3000;

/** How many graphs have their times in memory; the store has its own bound. */
const GRAPHS = 256;

/** Milliseconds of one run, by backend. */
export type Times = ReadonlyMap<string, number>;

/** Runs the call on a candidate. */
export type Trial = (candidate: UsableCandidate) => Promise<unknown>;

/** A candidate failed while it was being timed. */
export interface TrialFailure {
  readonly candidate: UsableCandidate;
  readonly error: AttnError;
}

/** Times candidates, and keeps the times. */
export class Tuner {
  private readonly store: CalibrationStore | undefined;
  private readonly cache = new LruMap<Times>(GRAPHS);
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(store: CalibrationStore | undefined) {
    this.store = store;
  }

  /** The measured times of a graph; undefined before it is tuned. */
  times(graph: Graph): Times | undefined {
    return this.cache.get(graph.key);
  }

  /**
   * Times the best candidates of a graph that has no times yet; `ranked` is in the order of prediction. If
   * several calls ask at the same time, one measures and the others wait. Returns the failures of backends;
   * other errors of `trial` are thrown.
   */
  async tune(
    graph: Graph,
    backends: readonly ProbedBackend[],
    ranked: readonly UsableCandidate[],
    trial: Trial,
  ): Promise<readonly TrialFailure[]> {
    for (;;) {
      const other = this.running.get(graph.key);
      if (other === undefined) break;
      await other.catch(() => {});
    }
    const near = ranked
      .slice(0, MOST)
      .filter(({ predictedMs }) => predictedMs <= NEAR * ranked[0].predictedMs);
    if (this.cache.get(graph.key) !== undefined || near.length < 2) return [];
    const work = this.find(graph, backends, near, trial);
    this.running.set(graph.key, work);
    try {
      return await work;
    } finally {
      this.running.delete(graph.key);
    }
  }

  /** Forgets all times, except those in the store. */
  clear(): void {
    this.cache.clear();
  }

  private async find(
    graph: Graph,
    backends: readonly ProbedBackend[],
    near: readonly UsableCandidate[],
    trial: Trial,
  ): Promise<readonly TrialFailure[]> {
    const available = backends.filter(({ probe }) => probe.available).map(identityOf);
    const key = `times of ${structureKey(graph)} by ${available.join(', ')} on ${machineName()}`;
    const remembered = timesOf(await this.store?.get(key));
    if (near.every(({ backend }) => remembered.has(backend.name))) {
      this.cache.set(graph.key, remembered);
      return [];
    }
    const { times, failures } = await measure(near, trial);
    debug(2, () => `${graph.key}: timed, in ms a run: ${JSON.stringify(Object.fromEntries(times))}`);
    this.cache.set(graph.key, times);
    // A clock that was set gives wrong times, which other processes must not read.
    const isComplete = near.every(({ backend, predictedMs }) =>
      isPlausible(times.get(backend.name), predictedMs),
    );
    if (failures.length === 0 && isComplete) await this.store?.set(key, Object.fromEntries(times));
    return failures;
  }
}

function timesOf(json: Json | undefined): Times {
  const entries = typeof json === 'object' && json !== null ? Object.entries(json) : [];
  return new Map(
    entries.filter(
      (entry): entry is [string, number] =>
        typeof entry[1] === 'number' && entry[1] > 0 && entry[1] < Infinity,
    ),
  );
}

/**
 * Times candidates in turn, round by round, so that other work of the machine hits them alike. The least time
 * counts: a run for whose result the system must find memory can take twice as long as the next.
 */
async function measure(
  candidates: readonly UsableCandidate[],
  trial: Trial,
): Promise<{ readonly times: Times; readonly failures: readonly TrialFailure[] }> {
  const times = new Map<string, number>();
  const failures: TrialFailure[] = [];
  let rivals = [...candidates];
  let start = 0;
  for (let sample = 0; sample <= SAMPLES && (sample === 0 || rivals.length > 1); sample++) {
    for (const candidate of rivals) {
      const { name } = candidate.backend;
      try {
        const ms = await (sample === 0
          ? warmUp(candidate, trial)
          : timeOf(candidate, trial, times.get(name)));
        if (ms === undefined) return { times: new Map(), failures };
        // The clock is too coarse for single short runs: they only say how many make a sample.
        const earlier = sample === 1 && isShort(times.get(name)) ? undefined : times.get(name);
        times.set(name, Math.min(ms, earlier ?? Infinity));
      } catch (error) {
        if (!(error instanceof AttnError) || !isRecoverable(error)) throw error;
        failures.push({ candidate, error });
        times.delete(name);
      }
    }
    if (sample === 0) start = clock.now();
    const isSure = sample >= SURE_SAMPLES;
    const limit = (isSure ? BEATEN : HOPELESS) * Math.min(...times.values());
    rivals = rivals.filter(({ backend }) => (times.get(backend.name) ?? NaN) <= limit);
    if (isSure && clock.now() - start > ENOUGH_MS) break;
  }
  return { times, failures };
}

/**
 * Runs a candidate once, which compiles and plans, and then until it is warm. Returns the least milliseconds
 * of a run after the first; the mean where a run is too short for the clock, which in some browsers stands
 * still for a millisecond or more; undefined where the clock stands still.
 */
async function warmUp(candidate: UsableCandidate, trial: Trial): Promise<number | undefined> {
  await trial(candidate);
  const start = clock.now();
  let least = Infinity;
  let runs = 0;
  let [stillRuns, stillSince] = [0, workClock()];
  while (runs < WARM_UP_RUNS - 1 || clock.now() - start < WARM_UP_MS) {
    const from = clock.now();
    await trial(candidate);
    runs += 1;
    const elapsed = clock.now() - from;
    least = Math.min(least, elapsed);
    if (clock.now() - start > LONG_MS) break;
    if (elapsed > 0) [stillRuns, stillSince] = [0, workClock()];
    else if (++stillRuns > MOST_STILL_RUNS || workClock() - stillSince > MOST_STILL_MS) return undefined;
  }
  const mean = (clock.now() - start) / runs;
  return least > 0 ? least : mean > 0 ? mean : undefined;
}

/**
 * Measures the milliseconds of one run, over enough runs for the clock; `expected` where it stood still all
 * the same. A short call first runs once to wake threads up.
 */
async function timeOf(candidate: UsableCandidate, trial: Trial, expected = SAMPLE_MS): Promise<number> {
  await clock.sleep(REST_MS);
  if (isShort(expected)) await trial(candidate);
  const runs = Math.ceil(SAMPLE_MS / Math.max(LEAST_MS, expected));
  const start = clock.now();
  for (let run = 0; run < runs; run++) await trial(candidate);
  const elapsed = clock.now() - start;
  return elapsed > 0 ? elapsed / runs : expected;
}

function isShort(ms: number | undefined): boolean {
  return ms !== undefined && ms < SAMPLE_MS;
}
