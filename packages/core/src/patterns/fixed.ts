/**
 * Fixed sparse attention: a query's own block, and the summary tokens at the end of every block. Child et al.
 * 2019, §4.2, https://arxiv.org/abs/1904.10509
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { checkInteger, checkOptions, invalidPattern } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Coverage, OrderHint, Pattern } from './pattern.ts';
import { last, mod, type Run } from './runs.ts';

/** Options of `fixed`. */
export interface FixedOptions {
  /** Tokens per block (l in the paper). */
  readonly stride: number;
  /** How many tokens at the end of each block summarise it (c in the paper); at most `stride`. */
  readonly summary: number;
}

const KINDS: OptionKinds<FixedOptions> = { stride: anything, summary: anything };

/**
 * Query q sees the keys k ≤ q in its own block, ⌊k / stride⌋ = ⌊q / stride⌋, and those with k mod stride ≥
 * stride − summary.
 *
 *     stride 3, summary 1
 *     ■ · · · · · ·
 *     ■ ■ · · · · ·
 *     ■ ■ ■ · · · ·
 *     · · ■ ■ · · ·
 *     · · ■ ■ ■ · ·
 *     · · ■ ■ ■ ■ ·
 *     · · ■ · · ■ ■
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * fixed({ stride: 128, summary: 8 });
 */
export function fixed(options: FixedOptions): Pattern {
  const checked = checkOptions('fixed', options, KINDS);
  const stride = checkInteger("fixed's stride", checked.stride, 1);
  const summary = checkInteger("fixed's summary", checked.summary, 1);
  if (summary > stride) throw invalidPattern(`fixed's summary to be at most its stride (${stride})`, summary);
  const block = (position: number): number => Math.floor(position / stride);
  const isSummary = (k: number): boolean => mod(k, stride) >= stride - summary;
  // With the summaries of all blocks side by side, a query sees two dense pieces instead of a comb.
  const hints: readonly OrderHint[] = summary < stride ? [{ keyLabels: (k) => (isSummary(k) ? 1 : 0) }] : [];

  return defineBuiltIn({
    type: 'fixed',
    isCausal: true,
    options: { stride, summary },
    allows: (_b, _h, q, k) => k <= q && (block(k) === block(q) || isSummary(k)),
    classify(_b, _h, q, k) {
      if (k.start > last(q)) return 'none';
      const past = last(k) <= q.start ? 'all' : 'some';
      const summaries = coverageOfSummaries(k, stride, summary);
      if (summaries === 'all') return past;
      const [firstBlock, lastBlock] = [block(k.start), block(last(k))];
      if (lastBlock < block(q.start)) return summaries;
      return firstBlock === block(last(q)) && lastBlock === block(q.start) ? past : 'some';
    },
    signature: (_b, _h, q, k) => `${k.start - q.start}@${mod(q.start, stride)}`,
    hints: () => hints,
  });
}

/** Which keys of a run are summaries. Exact for step 1, multiples of `stride`, and runs within a block. */
function coverageOfSummaries(k: Run, stride: number, summary: number): Coverage {
  // Residues counted from the first summary on: those below `summary` are summaries.
  const first = mod(k.start + summary, stride);
  if (summary === stride) return 'all';
  if (k.step % stride === 0) return first < summary ? 'all' : 'none';
  const end = first + last(k) - k.start;
  if (first < summary) return end < summary ? 'all' : 'some';
  return end < stride ? 'none' : 'some';
}
