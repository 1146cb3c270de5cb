/**
 * `tune: 'measure'`: the first call of a graph times the best candidates on the call's own inputs, and later calls know. What was
 * found is remembered by the graph's structure, the machine, and the versions of all backends.
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
import { isRecoverable } from './health.ts';
import { MOST_STILL_MS, MOST_STILL_RUNS } from './least-time.ts';
import { isPlausible } from './plausible.ts';
import { workClock } from './work-clock.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import { machineName } from './machine-name.ts';

/** How many candidates are timed, and how much slower than the best one they may be predicted to be. */
const MOST = 3;
const NEAR = 4;

/**
 * A candidate runs so often, and so long, before it is timed: engines optimise what runs often, and first results lie in memory that
 * the system has yet to find, which can take longer than the work. More than `LONG_MS` are enough in any case.
 */
const WARM_UP_RUNS = 4;
const WARM_UP_MS = 40;
const LONG_MS = 1000;

/** How many samples, how long each takes at least, what no run takes less than, and the rest before one, in which threads of other backends go to sleep. */
const SAMPLES = 7;
const SAMPLE_MS = 8;
const LEAST_MS = 0.01;
const REST_MS = 15;

/** After so many samples a candidate that is so much slower than the best is out; before, one that is much slower. */
const SURE_SAMPLES = 3;
const BEATEN = 1.5;
const HOPELESS = 2.5;

/** Sure samples that have taken so long together are enough. */
const ENOUGH_MS = 3000;

/** How many graphs are remembered here; the store has its own bound. */
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

/** Times candidates, and knows the times. */
export class Tuner {
  private readonly store: CalibrationStore | undefined;
  private readonly known = new LruMap<Times>(GRAPHS);
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(store: CalibrationStore | undefined) {
    this.store = store;
  }

  /** What is known of a graph. */
  times(graph: Graph): Times | undefined {
    return this.known.get(graph.key);
  }

  /**
   * Times the best candidates of a graph whose times are not known, `ranked` by prediction. Of calls at the same time one measures
   * and the others wait. Errors: those of `trial` that are not the backend's; the others are returned.
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
    if (this.known.get(graph.key) !== undefined || near.length < 2) return [];
    const work = this.find(graph, backends, near, trial);
    this.running.set(graph.key, work);
    try {
      return await work;
    } finally {
      this.running.delete(graph.key);
    }
  }

  /** Forgets all but what is in the store. */
  clear(): void {
    this.known.clear();
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
      this.known.set(graph.key, remembered);
      return [];
    }
    const { times, failures } = await measure(near, trial);
    debug(2, () => `${graph.key}: timed, in ms a run: ${JSON.stringify(Object.fromEntries(times))}`);
    this.known.set(graph.key, times);
    // What a clock that was set has made of a time is not to be believed by others.
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
 * Times candidates in turn, round by round, so that what else the machine does hits them alike. The least time counts: a result in
 * memory that the system has yet to find can take twice as long as the next one, in memory that was freed since.
 */
async function measure(
  candidates: readonly UsableCandidate[],
  trial: Trial,
): Promise<{ readonly times: Times; readonly failures: readonly TrialFailure[] }> {
  const times = new Map<string, number>();
  const failures: TrialFailure[] = [];
  let left = [...candidates];
  let start = 0;
  for (let sample = 0; sample <= SAMPLES && (sample === 0 || left.length > 1); sample++) {
    for (const candidate of left) {
      const { name } = candidate.backend;
      try {
        const ms = await (sample === 0
          ? warmUp(candidate, trial)
          : timeOf(candidate, trial, times.get(name)));
        if (ms === undefined) return { times: new Map(), failures };
        // Single short runs are at the mercy of the clock: they only say how many make a sample.
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
    const bound = (isSure ? BEATEN : HOPELESS) * Math.min(...times.values());
    left = left.filter(({ backend }) => (times.get(backend.name) ?? NaN) <= bound);
    if (isSure && clock.now() - start > ENOUGH_MS) break;
  }
  return { times, failures };
}

/**
 * Runs once, which compiles and makes plans, and then until runs take what they will take. The least time of
 * a run but the first; the mean where that is too short for the clock, which in some browsers stands still
 * for a millisecond or more; undefined where the clock tells nothing.
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
    const taken = clock.now() - from;
    least = Math.min(least, taken);
    if (clock.now() - start > LONG_MS) break;
    if (taken > 0) [stillRuns, stillSince] = [0, workClock()];
    else if (++stillRuns > MOST_STILL_RUNS || workClock() - stillSince > MOST_STILL_MS) return undefined;
  }
  const mean = (clock.now() - start) / runs;
  return least > 0 ? least : mean > 0 ? mean : undefined;
}

/**
 * Milliseconds of one run, over enough runs for the clock; as `expected` where it stood still all the same. A short one is run once before, which
 * wakes threads up.
 */
async function timeOf(candidate: UsableCandidate, trial: Trial, expected = SAMPLE_MS): Promise<number> {
  await clock.sleep(REST_MS);
  if (isShort(expected)) await trial(candidate);
  const runs = Math.ceil(SAMPLE_MS / Math.max(LEAST_MS, expected));
  const start = clock.now();
  for (let run = 0; run < runs; run++) await trial(candidate);
  const taken = clock.now() - start;
  return taken > 0 ? taken / runs : expected;
}

function isShort(ms: number | undefined): boolean {
  return ms !== undefined && ms < SAMPLE_MS;
}
