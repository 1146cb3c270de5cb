/** Strided sparse attention: the recent past, and every stride-th token before. Child et al. 2019, §4.2, https://arxiv.org/abs/1904.10509 */
import { checkInteger, checkOptions } from './options.ts';
import { defineBuiltIn, type Pattern } from './pattern.ts';
import { mod } from './runs.ts';
import { plannedAs } from './where.ts';

export interface StridedOptions {
  /** l in the paper: close to √n, or the width of an image. */
  readonly stride: number;
}

/**
 * Query q sees the keys k ≤ q with q − k ≤ stride or (q − k) mod stride = 0: both of the paper's heads at once.
 *
 *     stride 3
 *     ■ · · · · · ·
 *     ■ ■ · · · · ·
 *     ■ ■ ■ · · · ·
 *     ■ ■ ■ ■ · · ·
 *     · ■ ■ ■ ■ · ·
 *     · · ■ ■ ■ ■ ·
 *     ■ · · ■ ■ ■ ■
 */
export function strided(options: StridedOptions): Pattern {
  const stride = checkInteger("strided's stride", checkOptions('strided', options, ['stride']).stride, 1);
  return defineBuiltIn({
    type: 'strided',
    options: { stride },
    allows: (_b, _h, q, k) => k <= q && (q - k <= stride || mod(q - k, stride) === 0),
    ...plannedAs(({ q, k }) => k.le(q).and(q.sub(k).le(stride).or(q.sub(k).mod(stride).eq(0)))),
  });
}
