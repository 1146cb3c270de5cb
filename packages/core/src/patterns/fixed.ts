/** Fixed sparse attention: the own block, and the summary tokens at every block's end. Child et al. 2019, §4.2, https://arxiv.org/abs/1904.10509 */
import { checkInteger, checkOptions, invalidPattern } from './options.ts';
import { defineBuiltIn, type Pattern } from './pattern.ts';
import { mod } from './runs.ts';
import { plannedAs } from './where.ts';

export interface FixedOptions {
  /** l in the paper: tokens per block. */
  readonly stride: number;
  /** c in the paper: how many tokens at the end of each block summarise it for later ones; at most `stride`. */
  readonly summary: number;
}

/**
 * Query q sees the keys k ≤ q in its own block, ⌊k / stride⌋ = ⌊q / stride⌋, and those with k mod stride ≥ stride − summary.
 *
 *     stride 3, summary 1
 *     ■ · · · · · ·
 *     ■ ■ · · · · ·
 *     ■ ■ ■ · · · ·
 *     · · ■ ■ · · ·
 *     · · ■ ■ ■ · ·
 *     · · ■ ■ ■ ■ ·
 *     · · ■ · · ■ ■
 */
export function fixed(options: FixedOptions): Pattern {
  const given = checkOptions('fixed', options, ['stride', 'summary']);
  const stride = checkInteger("fixed's stride", given.stride, 1);
  const summary = checkInteger("fixed's summary", given.summary, 1);
  if (summary > stride) throw invalidPattern(`fixed's summary to be at most its stride (${stride})`, summary);
  const block = (position: number): number => Math.floor(position / stride);
  return defineBuiltIn({
    type: 'fixed',
    options: { stride, summary },
    allows: (_b, _h, q, k) => k <= q && (block(k) === block(q) || mod(k, stride) >= stride - summary),
    ...plannedAs(({ q, k }) =>
      k.le(q).and(
        k
          .div(stride)
          .eq(q.div(stride))
          .or(k.mod(stride).ge(stride - summary)),
      ),
    ),
  });
}
