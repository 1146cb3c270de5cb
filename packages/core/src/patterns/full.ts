/** Full attention: everybody sees everybody. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 */
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';

/**
 * Every query sees every key.
 *
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 */
export function full(): Pattern {
  return defineBuiltIn({ type: 'full', shiftInvariant: true, allows: () => true, classify: () => 'all' });
}
