/**
 * How fast the ONNX Runtime at hand is: small graphs of each kind of work, timed. On one thread, where that can be asked for, they say
 * how fast the machine is; on all threads, what these are good for in calls that are over before the system has spread them.
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
import { predict, REFERENCE, threadGain, type Speed } from './predict.ts';

const FOUND = [
  'overhead',
  'dense',
  'scanned',
  'denseGain',
  'scannedGain',
  'longDenseGain',
  'longScannedGain',
] as const;

/** What is found. */
export type Calibration = Pick<Speed, (typeof FOUND)[number]>;

/** No machine is as far off as this: something has disturbed the measurement, which counts for nothing then. */
const FARTHEST = 64;

/** More threads than cores, which wait for each other without sleeping, may be several times as slow as one. */
const LEAST_GAIN = 0.1;

/** Threads have to meet, which anything may disturb: more samples until there was a quiet moment. Long ones need three. */
const TOGETHER: LeastTimeOptions = { patience: 8, most: 24 };

/** A runtime in WebAssembly is optimised while it runs. */
const OPTIMISING: LeastTimeOptions = { patience: 8, most: 60 };

/**
 * Graphs of which one kind of work is most. All that they return is a corner: each fresh megabyte may be as much work as all else,
 * because the system has to find it.
 */
const DENSE: Sized = (heads) => attention(448, 1792, heads, full());
const SCANNED: Sized = (heads) => attention(448, 1792, heads, causal());

/** Where attention is never fused, it has no dense work to speak of. */
const PRODUCT: Sized = (count) => {
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [count, 256, 256] });
  const product = builder.matmul(input('a'), input('b'));
  return builder.build({ corner: builder.slice(product, [0, 0, 0], [1, 1, 1]) });
};

/** Short calls, and such as take some ten milliseconds of one thread. */
const SHORT = 1;
const LONG = 8;

/** A graph of so many heads. */
type Sized = (heads: number) => Graph;

function attention(queries: number, keys: number, heads: number, pattern: Pattern): Graph {
  const builder = new GraphBuilder();
  const input = (name: string, length: number) =>
    builder.input(name, { dtype: 'f32', shape: [1, heads, length, 64] });
  const operands = { q: input('q', queries), k: input('k', keys), v: input('v', keys) };
  const { out } = builder.attention(operands, { pattern });
  return builder.build({ corner: builder.slice(out, [0, 0, 0, 0], [1, 1, 1, 1]) });
}

/** What an earlier calibration returned, or undefined when this is none. */
export function knownCalibration(json: Json | undefined): Calibration | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const known: Partial<Record<(typeof FOUND)[number], number>> = {};
  for (const name of FOUND) {
    const factor = (json as JsonObject)[name];
    if (!isPlausible(factor, 1, FARTHEST)) return undefined;
    known[name] = factor;
  }
  return known as Calibration;
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
  const time = async (graph: Graph, count: number): Promise<number> => {
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
  const most = threadGain(threads);
  const all = { denseGain: most, scannedGain: most, longDenseGain: most, longScannedGain: most };
  const alone: Speed = { ...REFERENCE, ...(hasSay ? { threads: 1 } : { threads, ...all }), fuses };
  /** How many times as much of its kind of work a graph has to be, for its prediction to be what it takes. */
  const factor = async (kind: 'dense' | 'scanned', graph: Graph, count: number): Promise<number> => {
    const ms = await time(graph, count);
    const of = (value: number): number => predict(graph, plans, { ...alone, [kind]: value });
    return plausible((ms - of(0)) / (of(1) - of(0)), 1, 'onnx/calibrate', FARTHEST);
  };
  const denseGraph = fuses ? DENSE : PRODUCT;
  const dense = await factor('dense', denseGraph(SHORT), alone.threads);
  const scanned = await factor('scanned', SCANNED(SHORT), alone.threads);
  // Too short to be timed before the engine has optimised it: as much slower or faster as all else.
  const overhead = Math.sqrt(dense * scanned);
  if (!hasSay || threads === 1) return { overhead, dense, scanned, ...all };
  const gain = (one: number, together: number): number =>
    Math.min(most, Math.max(LEAST_GAIN, one / together));
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
