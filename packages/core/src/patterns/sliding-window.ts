/**
 * Sliding window, optionally dilated. Beltagy et al. 2020 (Longformer), §3.1,
 * https://arxiv.org/abs/2004.05150
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { checkInteger, checkIntegers, checkOptions, invalidPattern } from './options.ts';
import { isList } from '../util/typed-array.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern, PatternSizes } from './pattern.ts';
import { scaledRun, sumCoverage } from './progression.ts';

/** Options of `slidingWindow`. */
export interface SlidingWindowOptions {
  /** How many keys before its own position a query sees. */
  readonly before: number;
  /** How many keys after its own position a query sees. */
  readonly after: number;
  /** Distance between neighbouring keys of the window, for all heads or for each. Default 1: no gaps. */
  readonly dilation?: number | ArrayLike<number>;
}

const KINDS: OptionKinds<SlidingWindowOptions> = { before: anything, after: anything, dilation: anything };

/**
 * Query q sees the keys k = q + t·dilation with −before ≤ t ≤ after: `before + 1 + after` keys, its own
 * included. Both sides are required: a one-sided window is a decision (`after: 0` looks back only), not a
 * default.
 *
 *     before 1, after 1      before 1, after 1, dilation 2
 *     ■ ■ · · · ·            ■ · ■ · · ·
 *     ■ ■ ■ · · ·            · ■ · ■ · ·
 *     · ■ ■ ■ · ·            ■ · ■ · ■ ·
 *     · · ■ ■ ■ ·            · ■ · ■ · ■
 *     · · · ■ ■ ■            · · ■ · ■ ·
 *     · · · · ■ ■            · · · ■ · ■
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * slidingWindow({ before: 256, after: 256 });
 * slidingWindow({ before: 512, after: 0, dilation: [1, 1, 2, 4] }); // four heads
 */
export function slidingWindow(options: SlidingWindowOptions): Pattern {
  const checked = checkOptions('slidingWindow', options, KINDS);
  const before = checkInteger("slidingWindow's before", checked.before, 0);
  const after = checkInteger("slidingWindow's after", checked.after, 0);
  const dilation = checkDilation(checked.dilation);
  const perHead = typeof dilation !== 'number';
  const dilationOf = (h: number): number => (perHead ? dilation[h] : dilation);

  return defineBuiltIn({
    type: 'slidingWindow',
    options: { before, after, ...(dilation === 1 ? {} : { dilation }) },
    allows(_b, h, q, k) {
      const steps = (k - q) / dilationOf(h);
      return Number.isInteger(steps) && -before <= steps && steps <= after;
    },
    classify(_b, h, q, k) {
      const modulus = dilationOf(h);
      const target = { low: -before * modulus, high: after * modulus, modulus, residue: 0 };
      return sumCoverage(scaledRun(k, 1), scaledRun(q, -1), target);
    },
    signature: (_b, h, q, k) => (perHead ? `${dilation[h]}:${k.start - q.start}` : `${k.start - q.start}`),
    variant: (_b, h) => (perHead ? `${dilation[h]}` : ''),
    hints: (_b, h) => (dilationOf(h) > 1 ? [{ modulus: dilationOf(h) }] : []),
    validate({ heads }: PatternSizes) {
      if (perHead && dilation.length !== heads) {
        throw invalidPattern(`slidingWindow's dilation to have one entry per head (${heads})`, dilation);
      }
    },
  });
}

function checkDilation(value: number | ArrayLike<number> = 1): number | readonly number[] {
  return isList(value)
    ? checkIntegers("slidingWindow's dilation", value, 1)
    : checkInteger("slidingWindow's dilation", value, 1);
}
