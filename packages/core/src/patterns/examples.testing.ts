/** Patterns of every kind, with all corners that caused a fault before. For tests; not published. */
import { blockSparse } from './block-sparse.ts';
import { causal } from './causal.ts';
import { and, not, or } from './combinators.ts';
import { fixed } from './fixed.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { keyPadding } from './key-padding.ts';
import type { Coverage, Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';
import { randomBlocks } from './random-blocks.ts';
import type { Run } from './runs.ts';
import { segments } from './segments.ts';
import { sinks } from './sinks.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';
import { where } from './where.ts';

/** All examples fit these sizes: `pattern.validate(EXAMPLE_SIZES)` passes. */
export const EXAMPLE_SIZES = { batch: 2, heads: 2, keyLength: 48, queryLength: 48, queryOffset: 0 } as const;

export interface Example {
  readonly name: string;
  readonly pattern: Pattern;
  /**
   * On which pairs of runs `classify` is never too careful: all of up to 64 positions, those of step 1, or
   * not promised (combinations in three-valued logic).
   */
  readonly exact: 'all runs' | 'step 1' | 'not promised';
}

const N = EXAMPLE_SIZES.keyLength;
const marks = (...positions: number[]): number[] =>
  Array.from({ length: N }, (_, i) => (positions.includes(i) ? 1 : 0));
const ids = (idOf: (position: number) => number): number[] => Array.from({ length: N }, (_, i) => idOf(i));
const window = slidingWindow({ before: 3, after: 2 });
const layout = Array.from({ length: 12 }, (_, r) =>
  Array.from({ length: 12 }, (_, c) => ((r * 7 + c * 5) % 11 < 4 ? 1 : 0)),
);

const of = (exact: Example['exact'], patterns: Readonly<Record<string, Pattern>>): readonly Example[] =>
  Object.entries(patterns).map(([name, pattern]) => ({ name, pattern, exact }));

export const examples: readonly Example[] = [
  ...of('all runs', {
    full: full(),
    causal: causal(),
    'window 3+2': window,
    'window of 0': slidingWindow({ before: 0, after: 0 }),
    'window backwards': slidingWindow({ before: 9, after: 0 }),
    'window wider than the sequence': slidingWindow({ before: 100, after: 100 }),
    'dilated window': slidingWindow({ before: 4, after: 3, dilation: 3 }),
    'dilated window, per head': slidingWindow({ before: 2, after: 2, dilation: [1, 4] }),
    'global tokens': globalTokens([0, 5, 47]),
    'global tokens, asymmetric': globalTokens({ indices: [3, 4, 5, 20], symmetric: false }),
    'global mask per batch row': globalTokens({ mask: [marks(0, 1, 30), marks()] }),
    'global mask, shared': globalTokens({ mask: marks(...Array.from({ length: 48 }, (_, i) => i)) }),
    lengths: keyPadding({ lengths: [48, 17] }),
    'no valid key': keyPadding({ lengths: [0, 1] }),
    'key mask': keyPadding({ mask: [marks(1, 2, 3, 9), marks(0, 47)] }),
    sinks: sinks(4),
    'where: causal': where(({ q, k }) => k.le(q)),
    'where: window by |k − q|': where(({ q, k }) => k.sub(q).abs().le(5)),
    'where: window by two comparisons': where(({ q, k }) => k.sub(q).ge(-7).and(q.add(2).ge(k))),
    'where: dilated window': where(({ q, k }) => q.sub(k).abs().le(12).and(q.sub(k).mod(4).eq(0))),
    'where: outside of a window': where(({ q, k }) => k.sub(q).gt(3).or(k.sub(q).lt(-3))),
    'where: steeper line': where(({ q, k }) => k.mul(2).sub(q.mul(3)).abs().lt(10)),
    'where: true': where(true),
  }),
  ...of('step 1', {
    'documents in a row': segments({ ids: ids((i) => (i < 7 ? 9 : i < 20 ? 2 : 4)) }),
    'documents per batch row': segments({ ids: [ids((i) => Math.floor(i / 12)), ids(() => 0)] }),
    'block layout': blockSparse({ blockSize: 4, layout }),
    'block layout per head': blockSparse({
      blockSize: 16,
      layout: [
        [
          [1, 0, 1],
          [0, 1, 0],
          [1, 1, 1],
        ],
        [
          [0, 0, 0],
          [1, 1, 0],
          [0, 1, 1],
        ],
      ],
    }),
    'random blocks': randomBlocks({ length: N, blockSize: 3, blocksPerRow: 2, seed: 7 }),
    'random blocks, shared': randomBlocks({
      length: N,
      blockSize: 5,
      blocksPerRow: 1,
      seed: 1,
      heads: 'shared',
    }),
    'strided 7': strided({ stride: 7 }),
    'strided 1': strided({ stride: 1 }),
    'fixed 3, 3': fixed({ stride: 3, summary: 3 }),
    'where: blocks on the diagonal': where(({ q, k }) => q.div(8).eq(k.div(8))),
  }),
  ...of('not promised', {
    'documents that interleave': segments({ ids: ids((i) => (i * i) % 5) }),
    'fixed 8, 2': fixed({ stride: 8, summary: 2 }),
    'where: by head and batch row': where(({ q, k, head, batch }) => q.sub(k).mod(head.add(2)).eq(batch)),
    'where: everything': where(({ q, k }) =>
      q
        .mul(k)
        .mod(7)
        .max(2)
        .min(q.sub(k).div(3))
        .lt(k.mod(5))
        .not()
        .or(q.eq(k), k.div(4).ne(q.add(k).abs().mod(6))),
    ),
    'where: products': where(({ q, k }) => q.sub(20).mul(k.sub(25)).gt(q.mul(q).sub(300))),
    'Longformer, autoregressive': and(
      or(slidingWindow({ before: 4, after: 0, dilation: 2 }), globalTokens([0, 9])),
      causal(),
    ),
    'Longformer, padded': and(
      keyPadding({ lengths: [30, 48] }),
      or(window, globalTokens({ mask: [marks(0), marks(5, 6)] })),
    ),
    BigBird: or(
      window,
      globalTokens([0, 1]),
      randomBlocks({ length: N, blockSize: 4, blocksPerRow: 1, seed: 3 }),
    ),
    StreamingLLM: and(or(slidingWindow({ before: 5, after: 0 }), sinks(2)), causal()),
    'packed documents, causal': and(causal(), segments({ ids: ids((i) => Math.floor(i / 11)) })),
    'not a window': not(window),
    'a pattern per head': perHead([and(window, not(globalTokens([4]))), strided({ stride: 5 })]),
    'equal patterns per head': perHead([causal(), causal()]),
  }),
];

/** The best answer that `classify` can give: by looking at every pair. */
export function coverageByCells(pattern: Pattern, b: number, h: number, q: Run, k: Run): Coverage {
  let allowed = 0;
  for (let i = 0; i < q.count; i++) {
    for (let j = 0; j < k.count; j++) {
      if (pattern.allows(b, h, q.start + i * q.step, k.start + j * k.step)) allowed++;
    }
  }
  return allowed === 0 ? 'none' : allowed === q.count * k.count ? 'all' : 'some';
}

/** The mask of a pair of runs as text, a row per query. */
export function maskByCells(pattern: Pattern, b: number, h: number, q: Run, k: Run): string {
  const row = (i: number): string =>
    Array.from({ length: k.count }, (_, j) =>
      pattern.allows(b, h, q.start + i * q.step, k.start + j * k.step) ? '1' : '0',
    ).join('');
  return Array.from({ length: q.count }, (_, i) => row(i)).join('\n');
}
