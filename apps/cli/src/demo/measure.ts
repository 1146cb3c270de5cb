/**
 * Measures one line of the demo's table: attention over the first n
 * bytes of a text, checked, and compared with dense attention.
 */
import type { Attn } from '@attn/core';
import type { RowAddress } from '@attn/core/reference';
import { whyChosen } from '../backends.ts';
import type { Context } from '../command.ts';
import type { PreparedCall } from '../calls/call.ts';
import { patternCall } from '../calls/pattern.ts';
import { count, duration } from '../terminal/format.ts';
import type { Book } from './book.ts';
import { embed, HEADS } from './embedding.ts';
import type { DemoCall } from './demo-call.ts';

/** Longest length, and longest expected time, at which dense attention is measured. */
const DENSE_LENGTH = 16_384;
const DENSE_MS = 20_000;

/** Longest length at which the call is also measured in plain JavaScript. */
const PLAIN_LENGTH = 16_384;

/** The result for one length. */
export interface Measurement {
  readonly n: number;
  readonly globals: number;
  readonly backend: string;
  readonly why: string;
  /** Milliseconds of the whole call, planning included. */
  readonly ms: number;
  readonly planMs: number;
  /** Peak resident memory of this process during the call; its inputs are part of it. */
  readonly peakBytes: number;
  readonly computedShare: number;
  /**
   * Milliseconds of dense attention on the same backend; extrapolated (∝ n²) where it was not measured.
   */
  readonly denseMs: number;
  readonly denseMeasured: boolean;
  /**
   * Milliseconds in plain JavaScript, when another backend ran the
   * call; extrapolated from pairs where it was not measured.
   */
  readonly plainMs: number | undefined;
  readonly plainMeasured: boolean;
  /** Greatest |got − expected| over the sampled rows, against float64. */
  readonly maxError: number;
  readonly checkedRows: number;
}

/** What `measure` works with. */
export interface MeasureOptions {
  readonly attn: Attn;
  readonly book: Book;
  readonly demoCall: DemoCall;
  /** Name of the backend that the user asked for; undefined for the best. */
  readonly backend: string | undefined;
  /** Results for other lengths, from which dense attention is extrapolated. */
  readonly earlier: readonly Measurement[];
  readonly context: Context;
}

/** Measures one length. */
export async function measure(
  n: number,
  { attn, book, demoCall, backend, earlier, context }: MeasureOptions,
): Promise<Measurement> {
  const { signal, progress } = context;
  progress.update(`n = ${count(n)}: turning bytes into Q, K, V`);
  const inputs = embed(book.bytes, n);
  const { call, cost, greatestError } = demoCall.call(n).prepare({ ...inputs }, {});
  const { planMs, share } = await cost(signal);

  let peakBytes = 0;
  const time = async (task: string, prepared: PreparedCall['call'], backendName: string | undefined) => {
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      progress.update(`n = ${count(n)}: ${task}`, done / total);
    };
    progress.update(`n = ${count(n)}: ${task}`, 0);
    const start = performance.now();
    const result = await attn.run(prepared, { backend: backendName, signal, onProgress });
    return { ...result, ms: performance.now() - start };
  };

  const { ms, ...result } = await time(demoCall.name, call, backend);
  const { backend: ran } = result;
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  const why = whyChosen(attn, ran, { byName: backend !== undefined });
  progress.update(`n = ${count(n)}: checking rows against float64`);
  const globals = demoCall.globals(n);
  const rows = sampledRows(n, globals);
  const maxError = await greatestError(attn, result, rows);
  const sparse = { n, globals: globals.length, backend: ran, why, ms, planMs, peakBytes };

  const comparesPlain =
    ran !== 'cpu' && attn.probe().some(({ name, available }) => name === 'cpu' && available);
  const plainMeasured = comparesPlain && n <= PLAIN_LENGTH;
  const plain = plainMeasured ? await time('the same in plain JavaScript', call, 'cpu') : undefined;

  const expectedMs = expectedDenseMs(n, ms / share, earlier);
  const denseMeasured = n <= DENSE_LENGTH && expectedMs <= DENSE_MS;
  const dense = denseMeasured
    ? await time(
        `dense attention, about ${duration(expectedMs)}`,
        patternCall({ type: 'full' }).prepare({ ...inputs }, {}).call,
        ran,
      )
    : undefined;
  return {
    ...sparse,
    computedShare: share,
    denseMs: dense?.ms ?? expectedMs,
    denseMeasured,
    plainMs: plain?.ms ?? (comparesPlain ? expectedPlainMs(n, share, earlier) : undefined),
    plainMeasured,
    maxError,
    checkedRows: rows.length,
  };
}

/**
 * Time of dense attention, extrapolated from the longest length at
 * which it was measured, or else from the sparse call's time per pair.
 */
function expectedDenseMs(n: number, fromPairs: number, earlier: readonly Measurement[]): number {
  const longest = earlier.filter(({ denseMeasured }) => denseMeasured).toSorted((a, b) => b.n - a.n)[0];
  return longest === undefined ? fromPairs : longest.denseMs * (n / longest.n) ** 2;
}

/**
 * Time of plain JavaScript, extrapolated by the number of pairs from
 * the longest length at which it was measured.
 */
function expectedPlainMs(n: number, share: number, earlier: readonly Measurement[]): number | undefined {
  const longest = earlier.filter(({ plainMeasured }) => plainMeasured).toSorted((a, b) => b.n - a.n)[0];
  if (longest?.plainMs === undefined) return undefined;
  return (longest.plainMs * share * n ** 2) / (longest.computedShare * longest.n ** 2);
}

/** Rows near the start, in the middle and near the end, and up to three global rows, in three heads. */
function sampledRows(n: number, globals: readonly number[]): RowAddress[] {
  const local = [0.001, 0.1, 0.37, 0.5, 0.81, 1].map((share) => Math.round((n - 1) * share));
  const chosen = [...new Set([...local, ...globals.slice(0, 2), ...globals.slice(-1)])];
  return [0, 3, HEADS - 1].flatMap((head) => chosen.map((row) => ({ batch: 0, head, row })));
}
