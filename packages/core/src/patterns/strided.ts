/**
 * Strided sparse attention: the recent past, and every stride-th token before. Child et al. 2019, §4.2,
 * https://arxiv.org/abs/1904.10509
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { checkInteger, checkOptions } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { OrderHint, Pattern } from './pattern.ts';
import { gcd, last, mod, type Run } from './runs.ts';

/** Options of `strided`. */
export interface StridedOptions {
  /** The distance between summary keys (l in the paper): close to √n, or the width of an image. */
  readonly stride: number;
}

const KINDS: OptionKinds<StridedOptions> = { stride: anything };

/**
 * Query q sees the keys k ≤ q with q − k ≤ stride or (q − k) mod stride = 0: both heads of the paper in one.
 *
 *     stride 3
 *     ■ · · · · · ·
 *     ■ ■ · · · · ·
 *     ■ ■ ■ · · · ·
 *     ■ ■ ■ ■ · · ·
 *     · ■ ■ ■ ■ · ·
 *     · · ■ ■ ■ ■ ·
 *     ■ · · ■ ■ ■ ■
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * strided({ stride: 64 });
 */
export function strided(options: StridedOptions): Pattern {
  const stride = checkInteger("strided's stride", checkOptions('strided', options, KINDS).stride, 1);
  const hints: readonly OrderHint[] = stride > 1 ? [{ modulus: stride }] : [];
  return defineBuiltIn({
    type: 'strided',
    isCausal: true,
    options: { stride },
    allows: (_b, _h, q, k) => k <= q && (q - k <= stride || mod(q - k, stride) === 0),
    classify(_b, _h, q, k) {
      const [low, high] = [q.start - last(k), last(q) - k.start];
      if (high < 0) return 'none';
      if (low >= 0 && high <= stride) return 'all';
      // The distances are among low, low + step, …, high.
      const step = gcd(stepOf(q), stepOf(k));
      const common = gcd(step, stride);
      const mayMeetStrides = mod(low, common) === 0;
      if (mayMeetStrides && common === stride && low >= 0) return 'all';
      const first = low >= 0 ? low : mod(low, step);
      if (first <= Math.min(high, stride)) return 'some';
      return mayMeetStrides && high - mod(high, stride) >= first ? 'some' : 'none';
    },
    shiftInvariant: true,
    hints: () => hints,
  });
}

function stepOf(run: Run): number {
  return run.count === 1 ? 0 : run.step;
}
