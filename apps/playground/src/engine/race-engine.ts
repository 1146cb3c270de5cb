/**
 * What the worker does for Race: times a pattern and dense attention on every backend of this browser, in
 * turns, and compares some rows with the float64 reference.
 */
import {
  createAttn,
  full,
  patternFromJson,
  f32,
  type Attn,
  type Graph,
  type Pattern,
  type Tensors,
} from '@attn/core';
import {
  createPause,
  finishPolitely,
  mulberry32,
  planBytes,
  planSteps,
  throwIfAborted,
} from '@attn/core/backend';
import { GraphBuilder, type Explanation } from '@attn/core';
import { loadBackend, type BackendName } from './backends.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { PatternJson } from '../pattern/kind.ts';
import { errorAgainstReference } from './reference-error.ts';

/** What is raced. */
export interface RaceJob {
  readonly pattern: PatternJson;
  readonly n: number;
  readonly heads: number;
  readonly headDim: number;
  readonly backends: readonly BackendName[];
  /** Whether dense attention runs beside the pattern. */
  readonly dense: boolean;
  /** Runs longer than so many milliseconds, by prediction, are left out. */
  readonly mostMs: number;
}

/** How far a race has come. */
export interface RaceStep {
  readonly what: string;
  readonly done: number;
  readonly total: number;
  /** The rows that are finished. */
  readonly rows: readonly RaceRow[];
}

/** A time, or the reason why there is none. */
export interface Timing {
  /** Milliseconds of the fastest round. */
  readonly ms?: number;
  readonly predictedMs?: number;
  /** Why it did not run: one sentence. */
  readonly reason?: string;
}

/** The row of a backend. */
export interface RaceRow {
  readonly backend: BackendName;
  /** What the backend says of itself. */
  readonly summary: string;
  /** What it lacks, and what would help. */
  readonly absences: readonly string[];
  readonly pattern: Timing;
  readonly dense: Timing;
  /** The greatest difference from float64, in the rows that were compared. */
  readonly error?: number;
  /** Bytes of the whole tab while the backend holds what it compiled; absent where nobody measures. */
  readonly tabBytes?: number;
}

/** The result of a race. */
export interface RaceReport {
  readonly machine: Machine;
  readonly job: RaceJob;
  readonly rows: readonly RaceRow[];
  readonly explanation: readonly Explanation[];
  readonly planMs: number;
  /** Bytes of q, k, v, the result and the plan. */
  readonly bytes: number;
  /** Bytes that a matrix of all scores would need, in f32. */
  readonly scoreBytes: number;
  readonly comparedRows: number;
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onStep: (step: RaceStep) => void;
  /** Measures the memory of the tab, in bytes; absent where it cannot or should not be measured. */
  readonly measureMemory?: () => Promise<number | undefined>;
}

/** Rounds in which everything runs once. */
const ROUNDS = 3;

/** Rows that are compared with the reference. */
const COMPARED_ROWS = 24;

/**
 * Runs a race, on the backend that is predicted to be fastest first. Errors: `ABORTED`, and those of the
 * pattern.
 */
export async function runRace(job: RaceJob, { signal, onStep, measureMemory }: Watch): Promise<RaceReport> {
  const { n, heads, headDim } = job;
  const total = job.backends.length * (job.dense ? 2 : 1) + 2;
  let done = 0;
  const rows: RaceRow[] = [];
  const step = (what: string): void => onStep({ what, done: done++, total, rows: [...rows] });
  step('planning');
  const pattern = patternFromJson(job.pattern);
  const sizes = { batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 };
  const start = performance.now();
  const plan = await finishPolitely(planSteps(sizes, pattern), createPause(signal, 'playground/race'));
  const planMs = performance.now() - start;
  const inputs = randomInputs(job);
  const graphs = { pattern: graphOf(job, pattern), dense: graphOf(job, full()) };

  step('measuring the machine');
  const backends = await Promise.all(job.backends.map(loadBackend));
  await using attn = await createAttn({ backends, cache: false, signal });
  await attn.calibrate({ signal });
  const explanation = attn.explain(graphs.pattern);
  const denseExplanation = attn.explain(graphs.dense);
  const rank = (name: string): number =>
    explanation.find(({ backend }) => backend === name)?.predictedMs ?? Infinity;
  for (const backend of job.backends.toSorted((a, b) => rank(a) - rank(b) || 0)) {
    throwIfAborted(signal, 'playground/race');
    const entry = { attn, backend, signal, mostMs: job.mostMs, inputs };
    step(`${backend}: the pattern`);
    const [expected, denseExpected] = [explanation, denseExplanation].map((list) =>
      list.find((row) => row.backend === backend),
    );
    const first = await prepare({ ...entry, graph: graphs.pattern, explanation: expected });
    if (job.dense) step(`${backend}: dense attention`);
    const second = job.dense
      ? await prepare({ ...entry, graph: graphs.dense, explanation: denseExpected })
      : { timing: { reason: 'it was not asked for' } };
    const [patternTiming, denseTiming] = await takeTurns([first, second], signal);
    const tabBytes = await measureMemory?.();
    attn.release(graphs.dense);
    attn.release(graphs.pattern);
    const { out } = first.outputs ?? {};
    const probe = attn.probe().find(({ name }) => name === backend);
    rows.push({
      backend,
      summary: probe?.available === true ? probe.summary : (probe?.reason ?? ''),
      absences: probe?.available === true ? (probe.absences ?? []) : [],
      pattern: patternTiming,
      dense: denseTiming,
      ...(tabBytes === undefined ? {} : { tabBytes }),
      ...(out && { error: errorAgainstReference(inputs, pattern, out, COMPARED_ROWS) }),
    });
  }
  return {
    machine: await describeMachine(),
    job,
    rows,
    explanation,
    planMs,
    bytes: 4 * heads * n * headDim * 4 + plan.groups.reduce((sum, { block }) => sum + planBytes(block), 0),
    scoreBytes: heads * n * n * 4,
    comparedRows: COMPARED_ROWS,
  };
}

function graphOf({ n, heads, headDim }: RaceJob, pattern: Pattern): Graph {
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [1, heads, n, headDim] });
  const { out } = builder.attention({ q: input('q'), k: input('k'), v: input('v') }, { pattern });
  return builder.build({ out });
}

function randomInputs({ n, heads, headDim }: RaceJob): Tensors {
  const tensor = (seed: number) => {
    const random = mulberry32(seed);
    const data = Float32Array.from({ length: heads * n * headDim }, () => random() / 2 ** 31 - 1);
    return f32([1, heads, n, headDim], data);
  };
  return { q: tensor(1), k: tensor(2), v: tensor(3) };
}

/** A graph that has run once, or the reason why it has not. */
interface Runner {
  readonly timing: Timing;
  readonly outputs?: Tensors;
  readonly run?: () => Promise<unknown>;
}

interface Entry {
  readonly attn: Attn;
  readonly backend: string;
  readonly graph: Graph;
  readonly inputs: Tensors;
  readonly explanation: Explanation | undefined;
  readonly mostMs: number;
  readonly signal: AbortSignal;
}

/** Compiles and runs a graph for the first time. */
async function prepare({
  attn,
  backend,
  graph,
  inputs,
  explanation,
  mostMs,
  signal,
}: Entry): Promise<Runner> {
  const { usable = false, reason, predictedMs } = explanation ?? {};
  if (!usable) return { timing: { reason: reason ?? 'it cannot run this' } };
  if (predictedMs !== undefined && predictedMs > mostMs)
    return { timing: { predictedMs, reason: 'its prediction is above the limit' } };
  const run = (): Promise<Tensors> => attn.run(graph, inputs, { backend, signal });
  try {
    return { timing: { predictedMs }, outputs: await run(), run };
  } catch (error) {
    throwIfAborted(signal, 'playground/race');
    return { timing: { predictedMs, reason: error instanceof Error ? error.message : String(error) } };
  }
}

/** Times runners in turns: what slows the machine down for a moment then slows all of them. */
async function takeTurns(runners: readonly Runner[], signal: AbortSignal): Promise<readonly Timing[]> {
  const best = runners.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { run }] of runners.entries()) {
      if (run === undefined) continue;
      throwIfAborted(signal, 'playground/race');
      const start = performance.now();
      await run();
      best[index] = Math.min(best[index], performance.now() - start);
    }
  }
  return runners.map(({ timing, run }, index) =>
    run === undefined ? timing : { ...timing, ms: best[index] },
  );
}
