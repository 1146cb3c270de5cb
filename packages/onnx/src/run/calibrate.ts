/**
 * How fast the ONNX Runtime at hand is: small graphs of each kind of work, timed. On one thread, where that can be asked for, they say
 * how fast the machine is; on all threads, what these are good for in calls that are over before the system has spread them.
 */
import {
  AttnError,
  causal,
  full,
  GraphBuilder,
  leastTime,
  PlanCache,
  workClock,
  zeros,
  type Executable,
  type Graph,
  type Json,
  type JsonObject,
  type LeastTimeOptions,
  type Pattern,
} from '@attn/core';
import { predict, REFERENCE, threadGain, type Speed } from './predict.ts';

/** What is found. */
export type Calibration = Pick<Speed, 'overhead' | 'dense' | 'scanned' | 'denseGain' | 'scannedGain'>;

/** No machine is as far off as this: something has disturbed the measurement, which counts for nothing then. */
const FARTHEST = 64;

/** More threads than one are rarely slower than this. */
const LEAST_GAIN = 0.7;

/** Threads have to meet, which anything may disturb: more samples until there was a quiet moment. */
const TOGETHER: LeastTimeOptions = { patience: 8, most: 40 };

/** A runtime in WebAssembly is optimised while it runs. */
const OPTIMISING: LeastTimeOptions = { patience: 8, most: 60 };

/**
 * Graphs of which one kind of work is most. Their results are small: in a young process each fresh megabyte is as much work as all
 * else, because the system has to find it.
 */
const DENSE = attention(448, 1792, full());
const SCANNED = attention(448, 1792, causal());

/** Where attention is never fused, it has no dense work to speak of. */
const PRODUCT = (): Graph => {
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [256, 256] });
  return builder.build({ product: builder.matmul(input('a'), input('b')) });
};

function attention(queries: number, keys: number, pattern: Pattern): () => Graph {
  return () => {
    const builder = new GraphBuilder();
    const input = (name: string, length: number) =>
      builder.input(name, { dtype: 'f32', shape: [1, 1, length, 64] });
    const operands = { q: input('q', queries), k: input('k', keys), v: input('v', keys) };
    const { out } = builder.attention(operands, { pattern });
    return builder.build({ out });
  };
}

/** What an earlier calibration returned, or undefined when this is none. */
export function knownCalibration(json: Json | undefined): Calibration | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { overhead, dense, scanned, denseGain, scannedGain } = json as JsonObject;
  const isKnown =
    isFactor(overhead) &&
    isFactor(dense) &&
    isFactor(scanned) &&
    isFactor(denseGain) &&
    isFactor(scannedGain);
  return isKnown ? { overhead, dense, scanned, denseGain, scannedGain } : undefined;
}

function isFactor(value: Json | undefined): value is number {
  return typeof value === 'number' && value > 1 / FARTHEST && value < FARTHEST;
}

/**
 * Times the graphs. Errors: `INTERNAL` when what comes out cannot be.
 * @param compile on as many threads as given, or on all where a session has no say in it
 * @param hasSay whether it has
 */
export async function calibrate(
  compile: (graph: Graph, threads: number) => Promise<Executable>,
  { threads, fuses }: Pick<Speed, 'threads' | 'fuses'>,
  hasSay: boolean,
): Promise<Calibration> {
  const time = async (make: () => Graph, count: number): Promise<number> => {
    const graph = make();
    const inputs = Object.fromEntries(
      [...graph.inputs].map(([name, id]) => [name, zeros(graph.values[id].dtype, graph.values[id].shape)]),
    );
    const executable = await compile(graph, count);
    try {
      const run = () => executable.run(inputs);
      if (count > 1) return await leastTime(run, TOGETHER);
      return await leastTime(run, { ...(hasSay ? {} : OPTIMISING), clock: workClock });
    } finally {
      executable.dispose();
    }
  };
  const plans = new PlanCache();
  const alone: Speed = { ...REFERENCE, threads: hasSay ? 1 : threads, fuses };
  /** How many times as much of its kind of work a graph has to be, for its prediction to be what it took. */
  const factor = (kind: 'dense' | 'scanned', make: () => Graph, ms: number): number => {
    const of = (value: number): number => predict(make(), plans, { ...alone, [kind]: value });
    return plausible((ms - of(0)) / (of(1) - of(0)));
  };
  const denseGraph = fuses ? DENSE : PRODUCT;
  const dense = factor('dense', denseGraph, await time(denseGraph, alone.threads));
  const scanned = factor('scanned', SCANNED, await time(SCANNED, alone.threads));
  const gain = threadGain(threads);
  // Too short to be timed before the engine has optimised it: as much slower or faster as all else.
  const overhead = Math.sqrt(dense * scanned);
  if (!hasSay || threads === 1) return { overhead, dense, scanned, denseGain: gain, scannedGain: gain };
  const gainOf = (one: number, all: number): number => Math.min(gain, Math.max(LEAST_GAIN, one / all));
  return {
    overhead,
    dense,
    scanned,
    denseGain: gainOf(dense, factor('dense', denseGraph, await time(denseGraph, threads))),
    scannedGain: gainOf(scanned, factor('scanned', SCANNED, await time(SCANNED, threads))),
  };
}

function plausible(factor: number): number {
  if (factor > 1 / FARTHEST && factor < FARTHEST) return factor;
  throw new AttnError(
    'INTERNAL',
    'onnx/calibrate',
    `expected a plausible speed, got ${factor} times the reference’s`,
  );
}
