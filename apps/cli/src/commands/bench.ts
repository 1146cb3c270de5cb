/** `attn bench`: measures in under a minute how fast each backend of this machine computes attention. */
import { greatestRowError, sampleRows } from '@attn/conformance/rows';
import {
  AttnError,
  causal,
  f32,
  full,
  planAttention,
  slidingWindow,
  type Attn,
  type Pattern,
  type Tensor,
} from '@attn/core';
import { mulberry32, throwIfAborted } from '@attn/core/backend';
import { integer, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { count, duration } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

const HEADS = 8;
const HEAD_DIM = 64;
const ROUNDS = 5;

/** The calls that are timed. */
const CALLS: readonly { readonly what: string; readonly n: number; readonly pattern: Pattern }[] = [
  { what: 'dense', n: 512, pattern: full() },
  { what: 'dense', n: 1024, pattern: full() },
  { what: 'causal', n: 1024, pattern: causal() },
  { what: 'window 256+256', n: 4096, pattern: slidingWindow({ before: 256, after: 256 }) },
  { what: 'window 256+256', n: 16_384, pattern: slidingWindow({ before: 256, after: 256 }) },
];

/** A call that takes longer than this is timed only once. */
const SLOW_MS = 2000;

/** Greatest error that float32 rounding explains for inputs in [−1, 1). */
const TOLERANCE = 1e-5;

/** The command. */
export const bench: Command = {
  name: 'bench',
  summary: 'Time attention on the backends of this machine, side by side',
  options: [
    ['--backend <name>', `${BACKEND_HELP}; auto times all that are available`],
    ['--rounds <n>', `Runs of each, in turn; the median counts (default: ${ROUNDS})`],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: ['bench', 'bench --backend wasm --rounds 9', 'bench --json'],
  run: runBench,
};

/** A line of the table. */
interface Measurement {
  readonly what: string;
  readonly n: number;
  readonly backend: string;
  readonly ms: number;
  /** Operations per nanosecond: 4 · headDim for each allowed pair. */
  readonly gflops: number;
  /** Greatest |got − expected| over sampled rows, against float64. */
  readonly maxError: number;
}

async function runBench(options: Options, context: Context): Promise<void> {
  const backend = readBackend(options);
  const rounds = integer(options, 'rounds', { least: 1 }) ?? ROUNDS;
  const measurements: Measurement[] = [];
  await withAttn(backend, context, async (attn) => {
    const available = attn.probe().filter((probe) => probe.available);
    const backends = backend === undefined ? available.map(({ name }) => name) : [backend];
    for (const call of CALLS) measurements.push(...(await measure(attn, call, backends, rounds, context)));
  });
  context.progress.clear();
  context.printJson({ node: process.version, heads: HEADS, headDim: HEAD_DIM, rounds, measurements });
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const rows = measurements.map(({ what, n, backend, ms, gflops, maxError }) => [
    what,
    count(n),
    backend,
    duration(ms),
    gflops.toPrecision(3),
    maxError.toExponential(1),
  ]);
  const columns = [
    { title: 'pattern' },
    right('n'),
    { title: 'backend' },
    right('time'),
    right('GFLOP/s'),
    right('error'),
  ];
  context.print(
    `${HEADS} heads × ${HEAD_DIM}, f32; medians of ${rounds} runs in turn, after one that was checked against float64.\n` +
      `GFLOP/s are of the pairs that the pattern allows.\n\n${table(columns, rows)}`,
  );
}

async function measure(
  attn: Attn,
  { what, n, pattern }: (typeof CALLS)[number],
  backends: readonly string[],
  rounds: number,
  { signal, progress }: Context,
): Promise<Measurement[]> {
  const [q, k, v] = [1, 2, 3].map((seed) => uniform(n, seed));
  const runs: { readonly backend: string; readonly samples: number[]; readonly maxError: number }[] = [];
  const timed = async (backend: string): Promise<{ readonly ms: number; readonly out: Tensor }> => {
    progress.update(`${what}, n = ${count(n)}: ${backend}`);
    const start = performance.now();
    const { out } = await attn.attention({ q, k, v, pattern }, { backend, signal });
    return { ms: performance.now() - start, out };
  };
  for (const backend of backends) {
    const { ms, out } = await timed(backend);
    const maxError = greatestRowError({ q, k, v }, { pattern }, out, sampleRows(12, HEADS, n));
    if (!(maxError <= TOLERANCE)) {
      throw new AttnError(
        'INTERNAL',
        'cli',
        `${backend} is wrong by ${maxError} for ${what}, n = ${n}: nothing is timed`,
      );
    }
    runs.push({ backend, samples: ms > SLOW_MS ? [ms] : [], maxError });
  }
  const quick = runs.filter(({ samples }) => samples.length === 0);
  for (let round = 0; round < rounds; round++) {
    for (const { backend, samples } of quick) {
      throwIfAborted(signal, 'cli');
      samples.push((await timed(backend)).ms);
    }
  }
  const { allowedPairs } = planAttention(
    { batch: 1, heads: HEADS, queryLength: n, keyLength: n, queryOffset: 0 },
    pattern,
  ).stats;
  return runs.map(({ backend, samples, maxError }) => {
    const ms = median(samples);
    return { what, n, backend, ms, gflops: (4 * HEAD_DIM * allowedPairs) / ms / 1e6, maxError };
  });
}

/** Random numbers in [−1, 1) of shape [1, heads, n, headDim]. */
function uniform(n: number, seed: number): Tensor<'f32'> {
  const next = mulberry32(seed);
  const size = HEADS * n * HEAD_DIM;
  return f32(
    [1, HEADS, n, HEAD_DIM],
    Float32Array.from({ length: size }, () => next() / 2 ** 31 - 1),
  );
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
