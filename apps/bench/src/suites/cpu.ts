/**
 * The plain JavaScript backend: its rate, what patterns save, and that its scratch does not grow with n².
 */
import { causal, createAttn, full, planAttention, slidingWindow, type Attn, type Pattern } from '@attn/core';
import { cpu } from '@attn/cpu';
import { problem, type Problem } from '../inputs.ts';
import { interleaved, ratio } from '../measure.ts';
import { peakGrowth } from '../memory.ts';
import { checkRows } from '../oracle.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const cpuSuite: Suite = {
  name: 'cpu',
  describes: 'plain JavaScript: dense, causal, windows',
  async run(options) {
    const attn = await createAttn({ backends: [cpu()] });
    try {
      return [await dense(attn, options), await patterns(attn, options)];
    } finally {
      await attn.dispose();
    }
  },
};

const HEADS = 8;
const HEAD_DIM = 64;

/** Operations of pairs: two products of headDim for each pair; a multiply–add counts as two. */
const flopsOf = (pairs: number): number => 4 * HEAD_DIM * pairs;

/** Pairs that the pattern allows, over all heads. */
function allowedPairs(n: number, pattern: Pattern): number {
  const sizes = { batch: 1, heads: HEADS, queryLength: n, keyLength: n, queryOffset: 0 };
  return planAttention(sizes, pattern).stats.allowedPairs;
}

/** Runs once, checks the result, and returns what to time. */
async function checked(attn: Attn, inputs: Problem, pattern: Pattern): Promise<() => Promise<unknown>> {
  const { q, k, v } = inputs;
  const { out } = await attn.attention({ q, k, v, pattern });
  checkRows(inputs, { pattern }, out);
  return () => attn.attention({ q, k, v, pattern });
}

async function dense(attn: Attn, { rounds, log }: SuiteOptions): Promise<Table> {
  const rows = [];
  for (const n of [256, 512, 1024, 2048]) {
    log(`cpu: dense and causal, N = ${n}`);
    const inputs = problem(HEADS, n, HEAD_DIM);
    const timing = await interleaved(
      { dense: await checked(attn, inputs, full()), causal: await checked(attn, inputs, causal()) },
      rounds,
    );
    rows.push({
      N: n,
      'dense ms': timing.dense.median,
      '± ms': timing.dense.spread,
      'GFLOP/s': flopsOf(HEADS * n * n) / timing.dense.median / 1e6,
      'causal ms': timing.causal.median,
      'dense over causal': ratio(timing.dense, timing.causal),
    });
  }
  return {
    title: 'CPU: dense and causal attention',
    note: `${HEADS} heads × ${HEAD_DIM}, f32, one thread. Targets: ≥ 2.5 GFLOP/s at N = 1024; causal ≥ 1.7× faster at N = 2048.`,
    rows,
  };
}

async function patterns(attn: Attn, { rounds, log }: SuiteOptions): Promise<Table> {
  const base = problem(HEADS, 1024, HEAD_DIM);
  const dense = await checked(attn, base, full());
  const rows = [];
  for (const n of [4096, 16_384, 65_536]) {
    log(`cpu: window 256+256, n = ${n}`);
    const inputs = problem(HEADS, n, HEAD_DIM);
    const pattern = slidingWindow({ before: 256, after: 256 });
    const window = await checked(attn, inputs, pattern);
    const { q, k, v } = inputs;
    const peak = await peakGrowth((onProgress) => attn.attention({ q, k, v, pattern }, { onProgress }));
    const timing = await interleaved({ dense, window }, Math.min(rounds, n > 20_000 ? 3 : rounds));
    const output = inputs.q.data.byteLength;
    const share = allowedPairs(n, pattern) / (HEADS * 1024 * 1024);
    rows.push({
      n,
      'window ms': timing.window.median,
      '± ms': timing.window.spread,
      'over its share of dense': ratio(timing.window, timing.dense) / share,
      'ms per 1,000 tokens': (timing.window.median / n) * 1000,
      'memory beyond in and out, MB': (peak - output) / 1e6,
    });
  }
  return {
    title: 'CPU: sliding window 256+256',
    note: `${HEADS} heads × ${HEAD_DIM}, f32. "Over its share" is the time against that of dense N = 1024 in the same round, times the share of the pairs that the window allows (target ≤ 1.6 at n = 65,536).`,
    rows,
  };
}
