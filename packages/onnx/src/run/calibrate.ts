/**
 * Measures the speed of this machine's ONNX Runtime by timing small graphs, one for each kind of work. Runs
 * on one thread show how fast the machine is. Runs on all threads show how much threads help, in short calls
 * and in long ones: at first the system may keep all threads on one core.
 */
import {
  causal,
  full,
  GraphBuilder,
  zeros,
  type Graph,
  type Json,
  type JsonObject,
  type Pattern,
} from '@attn/core';
import {
  isPlausible,
  leastTime,
  PlanCache,
  plausible,
  workClock,
  type Executable,
  type LeastTimeOptions,
} from '@attn/core/backend';
import { DEFAULT_SPEED, predict, threadGain, type Speed } from './predict.ts';

/** The factors that a calibration measures. */
const FACTORS = [
  'overhead',
  'dense',
  'scanned',
  'denseGain',
  'scannedGain',
  'longDenseGain',
  'longScannedGain',
] as const;

/** Measured factors, by which predictions are scaled. */
export type Calibration = Pick<Speed, (typeof FACTORS)[number]>;

/**
 * No machine is 64 times as fast or as slow as the default: such a measurement was disturbed and is
 * discarded.
 */
const MOST_FACTOR = 64;

/**
 * Where threads outnumber cores they wait without sleeping, and may be several times as slow as one thread.
 */
const LEAST_GAIN = 0.1;

/** Threads wait for each other, which other programs disturb: take samples until there is a quiet moment. */
const ALL_THREADS: LeastTimeOptions = { patience: 8, most: 24 };

/** The engine optimises a WebAssembly runtime while it runs: take samples until it has done so. */
const WARMING_UP: LeastTimeOptions = { patience: 8, most: 60 };

/**
 * Attention that is almost all dense work. Like the other graphs here it returns one element only, because
 * the system may take as long to provide a fresh megabyte as all other work takes.
 */
const DENSE: GraphOfSize = (heads) => attention(448, 1792, heads, full());

/** Attention that is almost all scanned work. */
const SCANNED: GraphOfSize = (heads) => attention(448, 1792, heads, causal());

/** A product of matrices: the dense work to measure where attention is never fused. */
const PRODUCT: GraphOfSize = (count) => {
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [count, 256, 256] });
  const product = builder.matmul(input('a'), input('b'));
  return builder.build({ corner: builder.slice(product, [0, 0, 0], [1, 1, 1]) });
};

/** Heads of a short call. */
const SHORT = 1;

/** Heads of a long call, which takes one thread some ten milliseconds. */
const LONG = 8;

/** Builds a graph with a number of heads. */
type GraphOfSize = (heads: number) => Graph;

function attention(queries: number, keys: number, heads: number, pattern: Pattern): Graph {
  const builder = new GraphBuilder();
  const input = (name: string, length: number) =>
    builder.input(name, { dtype: 'f32', shape: [1, heads, length, 64] });
  const operands = { q: input('q', queries), k: input('k', keys), v: input('v', keys) };
  const { out } = builder.attention(operands, { pattern });
  return builder.build({ corner: builder.slice(out, [0, 0, 0, 0], [1, 1, 1, 1]) });
}

/** Reads a stored calibration. Returns undefined when `json` is not a plausible one. */
export function parseCalibration(json: Json | undefined): Calibration | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const factors: Partial<Record<(typeof FACTORS)[number], number>> = {};
  for (const name of FACTORS) {
    const factor = (json as JsonObject)[name];
    if (!isPlausible(factor, 1, MOST_FACTOR)) return undefined;
    factors[name] = factor;
  }
  return factors as Calibration;
}

/** What a calibration measures. */
export interface CalibrateOptions extends Pick<Speed, 'threads' | 'fuses'> {
  /** Whether a session can run on fewer threads than others. */
  readonly canSetThreads: boolean;
}

/**
 * Times the graphs and returns how this machine compares with the default. Errors: `INTERNAL` for an
 * implausible result.
 * @param compile compiles a graph for a number of threads; where `canSetThreads` is false it always uses all
 */
export async function calibrate(
  compile: (graph: Graph, threads: number) => Promise<Executable>,
  { threads, fuses, canSetThreads }: CalibrateOptions,
): Promise<Calibration> {
  const time = async (graph: Graph, count: number): Promise<number> => {
    const inputs = Object.fromEntries(
      [...graph.inputs].map(([name, id]) => [name, zeros(graph.values[id].dtype, graph.values[id].shape)]),
    );
    const executable = await compile(graph, count);
    try {
      const run = () => executable.run(inputs);
      if (count > 1) return await leastTime(run, ALL_THREADS);
      return await leastTime(run, { ...(canSetThreads ? {} : WARMING_UP), clock: workClock });
    } finally {
      executable.dispose();
    }
  };
  const plans = new PlanCache();
  const most = threadGain(threads);
  const all = { denseGain: most, scannedGain: most, longDenseGain: most, longScannedGain: most };
  const alone: Speed = { ...DEFAULT_SPEED, ...(canSetThreads ? { threads: 1 } : { threads, ...all }), fuses };
  /** The factor of one kind of work with which the prediction for `graph` equals its measured time. */
  const factor = async (kind: 'dense' | 'scanned', graph: Graph, count: number): Promise<number> => {
    const ms = await time(graph, count);
    const msAt = (value: number): number => predict(graph, plans, { ...alone, [kind]: value });
    return plausible((ms - msAt(0)) / (msAt(1) - msAt(0)), 1, 'onnx/calibrate', MOST_FACTOR);
  };
  const denseGraph = fuses ? DENSE : PRODUCT;
  const dense = await factor('dense', denseGraph(SHORT), alone.threads);
  const scanned = await factor('scanned', SCANNED(SHORT), alone.threads);
  // The overhead is too short to be timed before the engine has optimised it. It is taken to scale like the
  // work.
  const overhead = Math.sqrt(dense * scanned);
  if (!canSetThreads || threads === 1) return { overhead, dense, scanned, ...all };
  const gain = (onOneThread: number, onAllThreads: number): number =>
    Math.min(most, Math.max(LEAST_GAIN, onOneThread / onAllThreads));
  return {
    overhead,
    dense,
    scanned,
    denseGain: gain(dense, await factor('dense', denseGraph(SHORT), threads)),
    scannedGain: gain(scanned, await factor('scanned', SCANNED(SHORT), threads)),
    longDenseGain: gain(dense, await factor('dense', denseGraph(LONG), threads)),
    longScannedGain: gain(scanned, await factor('scanned', SCANNED(LONG), threads)),
  };
}
