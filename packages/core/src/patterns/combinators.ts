/**
 * Patterns made of patterns: `and`, `or`, `not`. Coverage combines in three-valued logic, and stops at the
 * first part that decides.
 */
import { contentKey } from '../util/json-value.ts';
import { invalidPattern, isPattern, patternHint } from './options.ts';
import { defineBuiltIn, type BuiltInDefinition } from './define-pattern.ts';
import type { Coverage, OrderHint, Pattern } from './pattern.ts';
import { hull, type Run } from './runs.ts';

/**
 * Allows what all of the patterns allow. Put cheap or narrow ones first. The planner still treats the global
 * tokens of its parts as such, whatever else restricts them.
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * and(slidingWindow({ before: 2, after: 2 }), causal());
 */
export function and(...patterns: readonly Pattern[]): Pattern {
  return andAll(patterns);
}

/**
 * Allows what any of the patterns allows.
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * or(slidingWindow({ before: 2, after: 2 }), globalTokens([0]));
 */
export function or(...patterns: readonly Pattern[]): Pattern {
  return orAll(patterns);
}

/** `and` of a list, of any length: spreading a very long list would exhaust the stack. */
export function andAll(patterns: readonly Pattern[]): Pattern {
  return combine('and', patterns, 'none', 'all', (b, h, q, k) =>
    patterns.every((pattern) => pattern.allows(b, h, q, k)),
  );
}

/** `or` of a list, of any length: spreading a very long list would exhaust the stack. */
export function orAll(patterns: readonly Pattern[]): Pattern {
  return combine('or', patterns, 'all', 'none', (b, h, q, k) =>
    patterns.some((pattern) => pattern.allows(b, h, q, k)),
  );
}

/**
 * Allows what the pattern forbids. It has no global tokens, and is neither causal nor a limit.
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * and(causal(), not(sinks(1))); // everything before, but for the first token
 */
export function not(pattern: Pattern): Pattern {
  const [child] = checkPatterns('not', [pattern]);
  return withChildren([child], {
    type: 'not',
    options: { of: child.toJSON() },
    allows: (b, h, q, k) => !child.allows(b, h, q, k),
    classify: (b, h, q, k) => opposite(child.classify(b, h, q, k)),
    classifyRuns:
      child.classifyRuns && ((b, h, queries, keys) => opposite(ofRuns(child, b, h, queries, keys))),
    overRows: (b, h, rows) => {
      const over = child.overRows?.(b, h, rows);
      return (
        over && {
          classify: (...range) => opposite(over.classify(...range)),
          allows: (q, k) => !over.allows(q, k),
          signature: over.signature,
        }
      );
    },
    signature: child.signature,
    variant: child.variant,
    hints: child.hints,
    validate: child.validate,
    inputs: child.inputs,
    bind: (data) => not(child.bind(data)),
  });
}

/** The coverage of the complement. */
export function opposite(coverage: Coverage): Coverage {
  return coverage === 'all' ? 'none' : coverage === 'none' ? 'all' : 'some';
}

const CHILDREN = new WeakMap<Pattern, readonly Pattern[]>();

/** The parts of an `and`, `or`, `not` or `perHead`; other patterns have none. */
export function childrenOf(pattern: Pattern): readonly Pattern[] {
  return CHILDREN.get(pattern) ?? [];
}

/** Defines a pattern that is made of others, and remembers its parts. */
export function withChildren(children: readonly Pattern[], definition: BuiltInDefinition): Pattern {
  // By the children's keys, not by their JSON: that of a user's own pattern does not say what it does.
  const keyOf = (): string => contentKey(definition.type, { of: children.map((child) => child.key) });
  const pattern = defineBuiltIn(definition, keyOf);
  CHILDREN.set(pattern, children);
  return pattern;
}

/** Returns the list. Errors: `INVALID_PATTERN` unless it has entries, all of them patterns. */
export function checkPatterns(type: string, patterns: readonly Pattern[]): readonly Pattern[] {
  if (!Array.isArray(patterns) || patterns.length === 0)
    throw invalidPattern(`${type} to be given at least one pattern`, patterns);
  const wrong = patterns.findIndex((pattern) => !isPattern(pattern));
  if (wrong >= 0) {
    const other: unknown = patterns[wrong];
    throw invalidPattern(`${type} to be given patterns only${patternHint(other)}`, other);
  }
  return patterns;
}

/** Defines `and` or `or`: a child that answers `decisive` decides, `neutral` leaves it to the others. */
function combine(
  type: 'and' | 'or',
  patterns: readonly Pattern[],
  decisive: Coverage,
  neutral: Coverage,
  allows: Pattern['allows'],
): Pattern {
  const children = checkPatterns(type, patterns);
  const remake = type === 'and' ? andAll : orAll;
  const all = new Combination(children, decisive, neutral);
  return withChildren(children, {
    type,
    options: { of: children.map((child) => child.toJSON()) },
    isCausal: type === 'and' ? children.some(isCausal) : children.every(isCausal),
    isLimit: children.every((child) => child.isLimit),
    allows,
    classify: (b, h, q, k) => all.classify((child) => child.classify(b, h, q, k)),
    classifyRuns: children.some((child) => child.classifyRuns)
      ? (b, h, queries, keys) => all.classify((child) => ofRuns(child, b, h, queries, keys))
      : undefined,
    overRows(b, h, rows) {
      const own = children.map((child) => child.overRows?.(b, h, rows));
      if (own.every((over) => over === undefined)) return undefined;
      const over = new Combination(
        own.map((part, i) => part ?? rows.byRuns(children[i])),
        decisive,
        neutral,
      );
      return {
        classify: (...range) => over.classify((part) => part.classify(...range)),
        allows: (q, k) =>
          type === 'or'
            ? over.parts.some((part) => part.allows(q, k))
            : over.parts.every((part) => part.allows(q, k)),
        signature: (...range) =>
          over.signature(
            (part) => part.classify(...range),
            (part) => part.signature(...range),
          ),
      };
    },
    signature: (b, h, q, k) =>
      all.signature(
        (child) => child.classify(b, h, q, k),
        (child) => child.signature(b, h, q, k),
      ),
    ...composed(children),
    bind: (data) => remake(children.map((child) => child.bind(data))),
    alternatives: () => (type === 'or' ? children : []),
    withoutGlobals: () => remake(children.map((child) => child.withoutGlobals())),
  });
}

/** The parts of an `and` or `or`: one that answers `decisive` decides, `neutral` leaves it to the others. */
class Combination<Part> {
  readonly parts: readonly Part[];
  readonly #decisive: Coverage;
  readonly #neutral: Coverage;

  constructor(parts: readonly Part[], decisive: Coverage, neutral: Coverage) {
    this.parts = parts;
    this.#decisive = decisive;
    this.#neutral = neutral;
  }

  classify(ask: (part: Part) => Coverage): Coverage {
    let answer = this.#neutral;
    for (const part of this.parts) {
      const here = ask(part);
      if (here === this.#decisive) return here;
      if (here !== this.#neutral) answer = 'some';
    }
    return answer;
  }

  /**
   * The signatures of all parts. Those that are constant here do not count: a window that is partial only by
   * causality shares causality's masks.
   */
  signature(
    ask: (part: Part) => Coverage,
    signatureOf: (part: Part) => string | undefined,
  ): string | undefined {
    const signatures: (string | undefined)[] = [];
    for (const part of this.parts) {
      const here = ask(part);
      if (here === this.#decisive) return here;
      signatures.push(here === this.#neutral ? '*' : signatureOf(part));
    }
    return signatures.includes(undefined) ? undefined : `(${signatures.join('|')})`;
  }
}

/** What a child says of several runs: of their hulls, if it cannot take them apart. */
export function ofRuns(
  child: Pattern,
  b: number,
  h: number,
  queries: readonly Run[],
  keys: readonly Run[],
): Coverage {
  return child.classifyRuns?.(b, h, queries, keys) ?? child.classify(b, h, hull(queries), hull(keys));
}

function isCausal(pattern: Pattern): boolean {
  return pattern.isCausal;
}

/** The properties that `and` and `or` combine in the same way. */
function composed(
  children: readonly Pattern[],
): Pick<BuiltInDefinition, 'variant' | 'globals' | 'hints' | 'validate' | 'inputs'> {
  return {
    variant(b, h) {
      const variants = children.map((child) => child.variant(b, h));
      return variants.every((variant) => variant === '') ? '' : `(${variants.join('|')})`;
    },
    globals: (b, h) => union(children.map((child) => child.globals(b, h))),
    hints: (b, h) => distinctHints(children.flatMap((child) => child.hints(b, h))),
    validate: (sizes) => children.forEach((child) => child.validate(sizes)),
    inputs: [...new Set(children.flatMap((child) => child.inputs))],
  };
}

function union(lists: readonly Int32Array[]): Int32Array {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length < 2) return filled[0] ?? lists[0];
  return Int32Array.from(new Set(filled.flatMap((list) => [...list]))).sort();
}

function distinctHints(hints: readonly OrderHint[]): readonly OrderHint[] {
  const same = (a: OrderHint, b: OrderHint): boolean =>
    a.modulus === b.modulus &&
    a.labels === b.labels &&
    a.keyLabels === b.keyLabels &&
    a.attempt?.name === b.attempt?.name;
  return hints.filter((hint, i) => hints.findIndex((other) => same(other, hint)) === i);
}
