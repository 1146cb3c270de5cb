/** Times one graph on every backend, and asks which backend would be chosen for it. */
import { AttnError, type Attn, type Graph, type Tensors } from '@attn/core';
import { collect } from '../memory.ts';
import type { SweepGraph } from './graphs.ts';

/** The result for one graph. */
export interface GraphRegret {
  readonly sweepGraph: SweepGraph;
  /** Least milliseconds of a call, by backend, for the backends that could be the best. */
  readonly ms: ReadonlyMap<string, number>;
  readonly predictedMs: ReadonlyMap<string, number>;
  readonly estimate: ChoiceRegret;
  readonly measure: ChoiceRegret;
}

/** The chosen backend, and its time over the time of the best. */
export interface ChoiceRegret {
  readonly backend: string;
  readonly regret: number;
}

/** A backend that is predicted to be this many times slower than the best is not tried. */
const HOPELESS = 30;

/**
 * A backend that takes this many times longer than the best, and at least this many milliseconds, is stopped.
 */
const BEATEN = 4;
const LEAST_PATIENCE = 1000;

/** A backend that is this many times slower after its warm-up is timed once. */
const SLOWER = 2;

/**
 * Milliseconds of a warm-up, of a sample, and of the pause before a
 * sample, in which threads of other backends fall asleep.
 */
const WARM_UP_MS = 150;
const SAMPLE_MS = 12;
const REST_MS = 25;

/**
 * Largest difference between two backends that rounding explains in
 * these graphs, for an output whose largest number is 1 or less.
 */
const TOLERANCE = 2e-3;

/**
 * Measures the regret of two `Attn`s over equal backends: the time of
 * each one's choice over the time of the best.
 */
export async function measureRegret(
  sweepGraph: SweepGraph,
  estimating: Attn,
  measuring: Attn,
  rounds: number,
): Promise<GraphRegret> {
  const { graph, inputs } = sweepGraph.build();
  await measuring.run(graph, inputs);
  const measuredBackend = measuring.explain(graph).find(({ chosen }) => chosen)?.backend ?? 'nobody';
  const usable = estimating
    .explain(graph)
    .flatMap(({ backend, predictedMs }) => (predictedMs === undefined ? [] : [{ backend, predictedMs }]))
    .toSorted((a, b) => a.predictedMs - b.predictedMs);
  const timedBackends: TimedBackend[] = [];
  let best = Infinity;
  for (const { backend, predictedMs } of usable) {
    if (predictedMs > HOPELESS * usable[0].predictedMs) continue;
    const timedBackend = await warmUp(estimating, backend, graph, inputs, best);
    if (timedBackend === undefined) continue;
    best = Math.min(best, timedBackend.least);
    timedBackends.push(timedBackend);
  }
  compare(timedBackends);
  for (let round = 0; round < rounds; round++) {
    for (const timedBackend of timedBackends) {
      if (round > 0 && timedBackend.least > SLOWER * best) continue;
      collect();
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      timedBackend.samples.push(await sample(timedBackend));
    }
  }
  const ms = new Map(timedBackends.map(({ backend, samples }) => [backend, Math.min(...samples)]));
  const least = Math.min(...ms.values());
  const choice = (backend: string): ChoiceRegret => ({
    backend,
    regret: (ms.get(backend) ?? Infinity) / least,
  });
  return {
    sweepGraph,
    ms,
    predictedMs: new Map(usable.map(({ backend, predictedMs }) => [backend, predictedMs])),
    estimate: choice(usable[0].backend),
    measure: choice(measuredBackend),
  };
}

interface TimedBackend {
  readonly backend: string;
  readonly outputs: Tensors;
  readonly least: number;
  readonly samples: number[];
  run(): Promise<unknown>;
}

/** Runs until everything is compiled and optimised; undefined when the backend is far behind the best. */
async function warmUp(
  attn: Attn,
  backend: string,
  graph: Graph,
  inputs: Tensors,
  best: number,
): Promise<TimedBackend | undefined> {
  const run = (signal?: AbortSignal) => attn.run(graph, inputs, { backend, signal });
  const patience = best === Infinity ? undefined : Math.ceil(Math.max(LEAST_PATIENCE, BEATEN * best));
  let outputs: Tensors;
  try {
    outputs = await run();
    const start = performance.now();
    let least = Infinity;
    for (let count = 0; count < 2 || performance.now() - start < WARM_UP_MS; count++) {
      const from = performance.now();
      await run(patience === undefined ? undefined : AbortSignal.timeout(patience));
      least = Math.min(least, performance.now() - from);
    }
    return { backend, outputs, least, samples: [], run };
  } catch (error) {
    if (error instanceof AttnError && error.code === 'ABORTED') return undefined;
    throw error;
  }
}

/** Milliseconds of a run: one run to wake up, then as many as the clock needs. */
async function sample({ run, least }: TimedBackend): Promise<number> {
  await run();
  const times = Math.max(1, Math.ceil(SAMPLE_MS / least));
  const start = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - start) / times;
}

/** Throws when backends give different results: then no figure is worth printing. */
function compare([first, ...others]: readonly TimedBackend[]): void {
  for (const { backend, outputs } of others) {
    for (const [name, { data }] of Object.entries(outputs)) {
      const expected = first.outputs[name].data;
      let largest = 1;
      for (const value of expected) largest = Math.max(largest, Math.abs(value));
      for (let i = 0; i < data.length; i++) {
        const difference = Math.abs(data[i] - expected[i]);
        if (difference <= TOLERANCE * largest) continue;
        throw new Error(`${backend} and ${first.backend} differ by ${difference} in ${name}[${i}]`);
      }
    }
  }
}
