/**
 * A pattern per head: some heads look near, others far. Child et al. 2019, §4.3,
 * https://arxiv.org/abs/1904.10509
 */
import { checkPatterns, ofRuns, withChildren } from './combinators.ts';
import { invalidPattern, isPattern } from './options.ts';
import type { Pattern, PatternSizes } from './pattern.ts';

/**
 * Head h attends by `patterns[h]`: a list with one pattern per query head. Heads with equal patterns share a
 * plan.
 *
 *     perHead([causal(), slidingWindow({ before: 1, after: 0 })])
 *     ■ · · ·    ■ · · ·
 *     ■ ■ · ·    ■ ■ · ·
 *     ■ ■ ■ ·    · ■ ■ ·
 *     ■ ■ ■ ■    · · ■ ■
 *
 * Errors: `INVALID_PATTERN`, also where there are not as many patterns as heads.
 *
 * @example
 * perHead([causal(), slidingWindow({ before: 1, after: 0 })]); // two heads
 */
export function perHead(patterns: readonly Pattern[]): Pattern {
  if (isPattern(patterns)) throw invalidPattern('perHead to be given a list, perHead([a, b])', patterns);
  const children = [...checkPatterns('perHead', patterns)];
  const childOf = (h: number): Pattern => {
    if (h < children.length) return children[h];
    throw invalidPattern(`a head that perHead has (of ${children.length})`, h);
  };
  // Heads are told apart by the first head with an equal pattern.
  const firsts = new Map<number, number>();
  const firstEqual = (h: number): number => {
    const cached = firsts.get(h);
    if (cached !== undefined) return cached;
    const first = children.findIndex((child) => child.key === childOf(h).key);
    firsts.set(h, first);
    return first;
  };

  return withChildren(children, {
    type: 'perHead',
    options: { of: children.map((child) => child.toJSON()) },
    isCausal: children.every((child) => child.isCausal),
    isLimit: children.every((child) => child.isLimit),
    allows: (b, h, q, k) => childOf(h).allows(b, h, q, k),
    classify: (b, h, q, k) => childOf(h).classify(b, h, q, k),
    classifyRuns: children.some((child) => child.classifyRuns)
      ? (b, h, queries, keys) => ofRuns(childOf(h), b, h, queries, keys)
      : undefined,
    overRows: (b, h, rows) => childOf(h).overRows?.(b, h, rows),
    signature(b, h, q, k) {
      const signature = childOf(h).signature(b, h, q, k);
      return signature === undefined ? undefined : `${firstEqual(h)}:${signature}`;
    },
    variant: (b, h) => `${firstEqual(h)}:${childOf(h).variant(b, h)}`,
    globals: (b, h) => childOf(h).globals(b, h),
    withoutGlobals: () => perHead(children.map((child) => child.withoutGlobals())),
    hints: (b, h) => childOf(h).hints(b, h),
    validate(sizes: PatternSizes) {
      if (children.length !== sizes.heads) {
        throw invalidPattern(`perHead to have one pattern per head (${sizes.heads})`, children.length);
      }
      children.forEach((child) => child.validate(sizes));
    },
    inputs: [...new Set(children.flatMap((child) => child.inputs))],
    bind: (data) => perHead(children.map((child) => child.bind(data))),
  });
}
