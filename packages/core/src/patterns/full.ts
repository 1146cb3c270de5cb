/** Full attention: every query sees every key. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 */
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';

/**
 * Every query sees every key.
 *
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *
 * @example
 * and(full(), keyPadding({ lengths: [3] }));
 */
export function full(): Pattern {
  return defineBuiltIn({ type: 'full', shiftInvariant: true, allows: () => true, classify: () => 'all' });
}
