/** ONNX Runtime: causal over dense attention, and what biases, scores and key masks add to a window. */
import { CAUSAL, onnx, windowOf } from '../subjects/index.ts';
import { contest } from '../contest/contest.ts';
import type { ExtraInput, ProblemSpec, Subject } from '../contest/protocol.ts';
import { ms, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const sharesSuite: Suite = {
  name: 'shares',
  describes: 'ONNX Runtime: causal over dense attention, biases, scores and key masks over a window',
  run: async (options) => [await causal(options), await extras(options)],
};

const threadsOf = ({ threads }: SuiteOptions): readonly number[] =>
  threads === undefined ? [1, 2] : [threads];

async function causal(options: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const n of options.quick ? [2048] : [4096, 8192]) {
    for (const threads of threadsOf(options)) {
      options.log(`shares: causal, N = ${n}, threads: ${threads}`);
      const results = await contest(
        { dense: onnx({ n }, threads), causal: onnx({ n, pattern: CAUSAL }, threads) },
        options,
      );
      for (const name of ['dense', 'causal'] as const) {
        rows.push({
          N: n,
          threads,
          pattern: name,
          ms: ms(results[name]),
          '± ms': spread(results[name]),
          'over dense': times(results[name], results.dense),
        });
      }
    }
  }
  return {
    title: 'ONNX Runtime: causal over dense attention',
    note: '8 heads × 64, f32. Target: ≤ 0.6.',
    rows,
  };
}

const EXTRAS: readonly ExtraInput[] = [
  'bias',
  'relativeBias',
  'alibiSlopes',
  'keyMask',
  'score by distance',
  'score by pair',
];

async function extras(options: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const n of options.quick ? [2048] : [4096, 8192]) {
    for (const threads of threadsOf(options)) {
      options.log(`shares: biases and key masks, n = ${n}, threads: ${threads}`);
      const window: ProblemSpec = { n, pattern: windowOf(256) };
      const subjects: Record<string, Subject> = { window: onnx(window, threads) };
      for (const extra of EXTRAS) subjects[extra] = onnx({ ...window, extra }, threads);
      const results = await contest(subjects, options);
      for (const name of Object.keys(subjects)) {
        rows.push({
          n,
          threads,
          what: name === 'window' ? 'window 256+256' : `the same, ${name}`,
          ms: ms(results[name]),
          '± ms': spread(results[name]),
          'over the window': times(results[name], results.window),
        });
      }
    }
  }
  return {
    title: 'ONNX Runtime: biases, scores and key masks over a window',
    note:
      '8 heads × 64, f32. The bias is one for all heads, relative biases reach 128 tokens, the key mask hides ' +
      'every 64th key. Scores add a table of 257 distances, or one of all pairs. Target: ≤ 1.3.',
    rows,
  };
}
