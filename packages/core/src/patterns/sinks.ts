/**
 * Attention sinks: the first tokens stay visible. Xiao et al. 2023 (StreamingLLM),
 * https://arxiv.org/abs/2309.17453
 */
import { checkInteger } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';
import { last } from './runs.ts';

/**
 * Every query sees the first `count` keys. Combine it with a window.
 *
 *     count 2
 *     ■ ■ · · ·
 *     ■ ■ · · ·
 *     ■ ■ · · ·
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * and(or(slidingWindow({ before: 1023, after: 0 }), sinks(4)), causal()); // StreamingLLM
 */
export function sinks(count: number): Pattern {
  checkInteger("sinks' count", count, 1);
  return defineBuiltIn({
    type: 'sinks',
    options: { count },
    allows: (_b, _h, _q, k) => k < count,
    classify: (_b, _h, _q, k) => (last(k) < count ? 'all' : k.start >= count ? 'none' : 'some'),
    signature: (_b, _h, _q, k) => `k${k.start}`,
  });
}
