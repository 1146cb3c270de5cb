/** The meaning of a call that marks global tokens at run time while its pattern says nothing about them. */
import { causal } from './causal.ts';
import { andAll, childrenOf, or } from './combinators.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { checkPattern } from './options.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';

/**
 * Adds the global tokens of the run-time input `globalMask` to a pattern. A pattern that reads that input
 * already is returned as it is. All others become `or(pattern, globalTokens())`, except that global tokens
 * never see further than the pattern's limits allow:
 *
 * - A pattern that `isCausal` stays causal: `and(rest…, causal())` becomes `and(or(rest, globalTokens()),
 *   causal())`. So do `strided` and `fixed`, and a combination whose every alternative is causal.
 * - Parts of an `and` that are a limit (`isLimit`) stay outside of the `or`: `causal`, `keyPadding`,
 *   `segments`, and combinations of these.
 * - In `perHead` each head's pattern is treated by itself.
 *
 * `slidingWindow({ before, after: 0 })` is not causal in this sense: write `and(slidingWindow(…), causal())`.
 *
 * @example
 * const pattern = withGlobalMask(and(slidingWindow({ before: 256, after: 0 }), causal()));
 * pattern.inputs; // ['globalMask']
 */
export function withGlobalMask(pattern: Pattern): Pattern {
  checkPattern('core/withGlobalMask', pattern);
  if (pattern.inputs.includes('globalMask')) return pattern;
  if (pattern.type === 'perHead') return perHead(childrenOf(pattern).map(withGlobalMask));
  const parts = conjuncts(pattern);
  const rest = parts.filter((part) => !part.isLimit);
  const limits = parts.filter((part) => part.isLimit);
  if (pattern.isCausal && !limits.some((part) => part.isCausal)) limits.push(causal());
  const visible = rest.length === 0 ? full() : rest.length === 1 ? rest[0] : andAll(rest);
  const widened = or(visible, globalTokens());
  return limits.length === 0 ? widened : andAll([widened, ...limits]);
}

/** The parts of an `and`, and of those nested in it. */
function conjuncts(pattern: Pattern): readonly Pattern[] {
  return pattern.type === 'and' ? childrenOf(pattern).flatMap(conjuncts) : [pattern];
}
