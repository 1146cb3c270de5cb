/** The planner: its time, its memory, and how many tiles its orders need. */
import {
  globalTokens,
  or,
  partsOf,
  planAttention,
  slidingWindow,
  where,
  type AttentionPlan,
  type Pattern,
} from '@attn/core';
import { planBytes } from '@attn/core/backend';
import { canvasPatterns } from '../canvas-patterns.ts';
import { interleaved } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

export const planSuite: Suite = {
  name: 'plan',
  describes: 'time and size of plans, tiles per order',
  run: async (options) => [await size(options), await tiles(options), await orders(options)],
};

const planOf = (n: number, pattern: Pattern): AttentionPlan =>
  planAttention({ batch: 1, heads: 1, queryLength: n, keyLength: n, queryOffset: 0 }, pattern);

/** 256 each side, as in Longformer's base model. */
const window = (dilation = 1): Pattern => slidingWindow({ before: 256, after: 256, dilation });

const windowAsExpression = (): Pattern => where(({ q, k }) => k.sub(q).ge(-256).and(k.sub(q).le(256)));

/**
 * Positions that look scattered, by a multiplicative hash; distinct
 * because the multiplier is odd and n a power of two.
 */
function scattered(count: number, n: number): number[] {
  const positions = Array.from({ length: count }, (_, i) => Math.imul(i + 1, 40503) & (n - 1));
  return [...new Set(positions)].sort((a, b) => a - b);
}

async function size({ rounds, log }: SuiteOptions): Promise<Table> {
  const cases: [string, number, Pattern][] = [
    ['window 256+256', 65_536, window()],
    ['window 256+256', 1_048_576, window()],
    ['window 256+256, dilation 4', 1_048_576, window(4)],
    ['the same window as where(…)', 1_048_576, windowAsExpression()],
    ['window + 1,000 scattered globals', 65_536, or(window(), globalTokens(scattered(1000, 65_536)))],
  ];
  const rows = [];
  for (const [name, n, pattern] of cases) {
    log(`plan: ${name}, n = ${n}`);
    const before = process.memoryUsage();
    const plan = planOf(n, pattern);
    const after = process.memoryUsage();
    const timing = (await interleaved({ plan: () => planOf(n, pattern) }, rounds)).plan;
    rows.push({
      pattern: name,
      n,
      ms: timing.median,
      '± ms': timing.spread,
      'heap growth MB': (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 1e6,
      'plan kB': plan.groups.reduce((sum, group) => sum + planBytes(group.block), 0) / 1e3,
      tiles: plan.stats.tiles,
      masks: plan.stats.masks,
      order: plan.stats.order,
    });
  }
  return {
    title: 'Planning time and memory',
    note: 'One head. Target: n = 1,048,576 with a 256+256 window in < 250 ms and < 100 MB.',
    rows,
  };
}

/** Patterns whose order has to be found. */
async function orders({ rounds, log }: SuiteOptions): Promise<Table> {
  const rows = [];
  for (const { name, n, pattern } of canvasPatterns()) {
    log(`plan: ${name}, n = ${n}`);
    const sizes = { batch: 1, heads: 1, queryLength: n, keyLength: n, queryOffset: 0 };
    const plan = (): AttentionPlan[] => partsOf(sizes, pattern).map((part) => planAttention(sizes, part));
    const started = performance.now();
    const plans = plan();
    const first = performance.now() - started;
    const { median, spread } = (await interleaved({ plan }, rounds)).plan;
    const share = (pick: (plan: AttentionPlan) => number): number =>
      (100 * plans.reduce((sum, part) => sum + pick(part), 0)) / n / n;
    rows.push({
      pattern: name,
      n,
      'first ms': first,
      ms: median,
      '± ms': spread,
      'computed % of n²': share((part) => part.stats.computedPairs),
      'allowed % of n²': share((part) => part.stats.allowedPairs),
      order: plans.map((part) => part.stats.order).join(' + '),
    });
  }
  return {
    title: 'Orders that are found',
    note: 'One head; + stands between parts. The first plan searches for an order, which later ones remember.',
    rows,
  };
}

async function tiles({ log }: SuiteOptions): Promise<Table> {
  log('plan: tile counts');
  const n = 65_536;
  const plain = planOf(n, window()).stats;
  const count = (name: string, pattern: Pattern, target: string): Table['rows'][number] => {
    const { stats, groups } = planOf(n, pattern);
    const local = groups[0].block.stats;
    return {
      pattern: name,
      tiles: stats.tiles,
      'tiles over plain window': stats.tiles / plain.tiles,
      'local tiles per row block': local.tiles / local.rowBlocks,
      target,
      order: stats.order,
    };
  };
  return {
    title: 'Tiles by pattern, n = 65,536',
    note: 'A tile is 64×64 pairs; window 256+256 everywhere. Global rows are a group of their own and not part of the local tiles.',
    rows: [
      count('window', window(), 'base'),
      count('window, dilation 4', window(4), '≤ 1.05× the tiles'),
      count('window + 1 global', or(window(), globalTokens([0])), ''),
      count(
        'window + 1,000 scattered globals',
        or(window(), globalTokens(scattered(1000, n))),
        '≤ 16 more per row block',
      ),
      count('where(…) spelling the window', windowAsExpression(), 'the same tiles'),
    ],
  };
}
