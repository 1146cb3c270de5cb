/** Times one graph on every backend, and asks which one is chosen for it. */
import { AttnError, type Attn, type Graph, type Tensors } from '@attn/core';
import { collect } from '../memory.ts';
import type { Subject } from './graphs.ts';

/** What a graph came to. */
export interface Verdict {
  readonly subject: Subject;
  /** Least milliseconds of a call, by backend; only of those that could be the best. */
  readonly ms: ReadonlyMap<string, number>;
  readonly predictedMs: ReadonlyMap<string, number>;
  readonly estimate: Choice;
  readonly measure: Choice;
}

/** Who was chosen, and its time over the best one's. */
export interface Choice {
  readonly backend: string;
  readonly regret: number;
}

/** One that is predicted to be so much slower than the best is not tried. */
const HOPELESS = 30;

/** One that has taken so much longer than the best, and at least so many milliseconds, is stopped. */
const BEATEN = 4;
const LEAST_PATIENCE = 1000;

/** One that is so much slower after its warm-up is timed once. */
const SLOWER = 2;

/**
 * Milliseconds of a warm-up, of a sample, and of the rest before one, in which threads of others go to sleep.
 */
const WARM_UP_MS = 150;
const SAMPLE_MS = 12;
const REST_MS = 25;

/**
 * Largest difference between two backends that rounding explains in
 * these graphs, for an output whose largest number is 1 or less.
 */
const TOLERANCE = 2e-3;

/** Judges the choices of two `Attn`s over the same backends. */
export async function judge(
  subject: Subject,
  estimating: Attn,
  measuring: Attn,
  rounds: number,
): Promise<Verdict> {
  const { graph, inputs } = subject.build();
  await measuring.run(graph, inputs);
  const measured = measuring.explain(graph).find(({ chosen }) => chosen)?.backend ?? 'nobody';
  const usable = estimating
    .explain(graph)
    .flatMap(({ backend, predictedMs }) => (predictedMs === undefined ? [] : [{ backend, predictedMs }]))
    .toSorted((a, b) => a.predictedMs - b.predictedMs);
  const candidates: Candidate[] = [];
  let best = Infinity;
  for (const { backend, predictedMs } of usable) {
    if (predictedMs > HOPELESS * usable[0].predictedMs) continue;
    const candidate = await warmUp(estimating, backend, graph, inputs, best);
    if (candidate === undefined) continue;
    best = Math.min(best, candidate.least);
    candidates.push(candidate);
  }
  compare(candidates);
  for (let round = 0; round < rounds; round++) {
    for (const candidate of candidates) {
      if (round > 0 && candidate.least > SLOWER * best) continue;
      collect();
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      candidate.samples.push(await sample(candidate));
    }
  }
  const ms = new Map(candidates.map(({ backend, samples }) => [backend, Math.min(...samples)]));
  const least = Math.min(...ms.values());
  const choice = (backend: string): Choice => ({ backend, regret: (ms.get(backend) ?? Infinity) / least });
  return {
    subject,
    ms,
    predictedMs: new Map(usable.map(({ backend, predictedMs }) => [backend, predictedMs])),
    estimate: choice(usable[0].backend),
    measure: choice(measured),
  };
}

interface Candidate {
  readonly backend: string;
  readonly outputs: Tensors;
  readonly least: number;
  readonly samples: number[];
  run(): Promise<unknown>;
}

/** Runs until what is compiled on the way has been; undefined when it is far behind the best. */
async function warmUp(
  attn: Attn,
  backend: string,
  graph: Graph,
  inputs: Tensors,
  best: number,
): Promise<Candidate | undefined> {
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

/** Milliseconds of a run: one to wake up, then as many as the clock needs. */
async function sample({ run, least }: Candidate): Promise<number> {
  await run();
  const times = Math.max(1, Math.ceil(SAMPLE_MS / least));
  const start = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - start) / times;
}

/** A figure is only worth printing if all give the same answer. */
function compare([first, ...others]: readonly Candidate[]): void {
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
