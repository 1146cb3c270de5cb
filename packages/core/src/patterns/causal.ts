/**
 * Causal attention: a token sees itself and earlier tokens. Vaswani et al. 2017, §3.2.3,
 * https://arxiv.org/abs/1706.03762
 */
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';
import { last } from './runs.ts';

/**
 * Query position q sees key positions k ≤ q.
 *
 *     ■ · · ·
 *     ■ ■ · ·
 *     ■ ■ ■ ·
 *     ■ ■ ■ ■
 *
 * @example
 * and(slidingWindow({ before: 1024, after: 0 }), causal());
 */
export function causal(): Pattern {
  return defineBuiltIn({
    type: 'causal',
    isCausal: true,
    isLimit: true,
    shiftInvariant: true,
    allows: (_b, _h, q, k) => k <= q,
    classify: (_b, _h, q, k) => (last(k) <= q.start ? 'all' : k.start > last(q) ? 'none' : 'some'),
  });
}
