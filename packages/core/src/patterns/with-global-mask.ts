/** What a call means that marks global tokens at run time, with a pattern that says nothing about them. */
import { causal } from './causal.ts';
import { andAll, childrenOf, or } from './combinators.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { checkPattern } from './options.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';

/** Parts of an `and` that say what nobody may see: they hold for global tokens, too. */
const LIMITS: ReadonlySet<string> = new Set(['causal', 'keyPadding', 'segments']);

/** Patterns that are causal by definition. */
const CAUSAL: ReadonlySet<string> = new Set(['causal', 'strided', 'fixed']);

/**
 * The pattern with the global tokens of the run-time input `globalMask` added. A pattern that reads that
 * input already is returned as it is; for all others it is `or(pattern, globalTokens())`, except that global
 * tokens never see further than the pattern's limits allow:
 *
 * - Causality is never widened. `causal()` and `and(rest…, causal())` become `and(or(rest, globalTokens()),
 *   causal())`, and a combination whose every alternative is causal stays causal.
 * - Padding and packed documents are not widened either: `keyPadding` and `segments` in an `and` are kept
 *   outside of the `or` like `causal`.
 * - In `perHead` each head's pattern is treated by itself.
 *
 * `slidingWindow({ before, after: 0 })` is not causal in this sense: write `and(slidingWindow(…), causal())`.
 */
export function withGlobalMask(pattern: Pattern): Pattern {
  checkPattern('core/withGlobalMask', pattern);
  if (pattern.inputs.includes('globalMask')) return pattern;
  if (pattern.type === 'perHead') return perHead(childrenOf(pattern).map(withGlobalMask));
  const parts = conjuncts(pattern);
  const rest = parts.filter((part) => !LIMITS.has(part.type));
  const limits = parts.filter((part) => LIMITS.has(part.type));
  if (isCausal(pattern) && !limits.some((part) => part.type === 'causal')) limits.push(causal());
  const seen = rest.length === 0 ? full() : rest.length === 1 ? rest[0] : andAll(rest);
  const widened = or(seen, globalTokens());
  return limits.length === 0 ? widened : andAll([widened, ...limits]);
}

/** The parts of an `and`, also of nested ones. */
function conjuncts(pattern: Pattern): readonly Pattern[] {
  return pattern.type === 'and' ? childrenOf(pattern).flatMap(conjuncts) : [pattern];
}

function isCausal(pattern: Pattern): boolean {
  if (pattern.type === 'and') return childrenOf(pattern).some(isCausal);
  if (pattern.type === 'or' || pattern.type === 'perHead') return childrenOf(pattern).every(isCausal);
  return CAUSAL.has(pattern.type);
}
