/**
 * What a formula's function says. JavaScript gives a library no say in `===`, `!`, `&&`, `||` and `?:`, and a formula that is written with
 * them means something else than it says: `a && b` is b, and `a || b` is a, since both are objects. So the function is watched while it
 * builds its conditions, and refused where one of them gets lost.
 */
import { AttnError, show } from '../errors.ts';
import { isComparison, type BoolNode } from './expression-tree.ts';
import { BoolExpression, during, IntExpression, Trace, VARIABLES, type Variables } from './expression.ts';
import { meantOperation } from './operators.ts';

/** Builds a condition out of its variables. */
export type Formula = (variables: Variables) => BoolExpression;

/** What expressions have, for somebody who asks for another method. */
const METHODS = [IntExpression, BoolExpression].flatMap(({ prototype }) =>
  Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'),
);

/** Conditions that trials may build in all, so that a long formula is not tried for long. */
const MOST_TRIED = 8192;

/** The condition that a formula builds. Errors: `INVALID_PATTERN` when it is not written with the methods of its variables alone. */
export function conditionOf(formula: Formula): BoolNode {
  if (formula.length > 1) {
    throw refusal(
      `a formula takes one object, as in where(({ q, k }) => k.le(q)), got a function of ${formula.length} parameters`,
    );
  }
  const trace = new Trace(textOf(formula));
  const result = watch(formula, trace);
  if (!(result instanceof BoolExpression)) throw refusal(whyNoCondition(result));
  const lost = trace.conditions.find((condition) => condition !== result && !trace.parts.has(condition));
  if (lost !== undefined) {
    throw refusal(
      `the formula builds ${show(lost.node)} and its result does not contain it: write a.and(b), a.or(b) and a.not() instead of &&, ||, ?: ` +
        `and !, which keep one of two conditions, and leave out what is not used`,
    );
  }
  const skipped = rightOfOr(formula, trace);
  if (skipped !== undefined) {
    throw refusal(
      `the formula leaves out ${show(skipped.node)}, the right side of ||: a condition is an object and counts as true, so write a.or(b)`,
    );
  }
  return result.node;
}

function refusal(message: string, cause?: unknown): AttnError {
  return new AttnError('INVALID_PATTERN', 'core/where', message, cause === undefined ? undefined : { cause });
}

function textOf(formula: Formula): string {
  return Function.prototype.toString.call(formula);
}

/** What the formula returns; whatever it throws becomes one sentence. */
function watch(formula: Formula, trace: Trace): unknown {
  try {
    return during(trace, () => formula(VARIABLES));
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    const [, method] = /\.(\w+) is not a function/.exec(message) ?? [];
    throw refusal(`the formula ${show(trace.text)} threw ${show(message)}${methodAdvice(method)}`, cause);
  }
}

/** What to say of a method that an engine's error names; nothing when it is one of ours. */
function methodAdvice(method: string | undefined): string {
  if (method === undefined || METHODS.includes(method)) return '';
  const meant = meantOperation(method, METHODS);
  const hint = meant === undefined ? `known are ${METHODS.join(', ')}` : `did you mean ${meant}?`;
  return `; there is no method ${show(method)}; ${hint}`;
}

function whyNoCondition(result: unknown): string {
  if (typeof result === 'boolean') {
    return (
      `the formula gave ${result}, which is the same for all pairs: write q.eq(k), q.ne(k) and a.not() instead of ===, !== and !, ` +
      `which see objects; where(${result}) says that it is meant`
    );
  }
  if (result instanceof IntExpression)
    return `the formula must give a condition, got the integer ${show(result.node)}: compare it, as in .eq(0)`;
  if (result === undefined)
    return 'the formula must give a condition, got undefined: a function with braces needs return';
  if (result instanceof Promise) {
    result.catch(() => {}); // It is refused whatever becomes of it.
    return 'the formula must give a condition at once, got a Promise: leave out async';
  }
  return `the formula must give a condition, such as q.ge(k), got ${show(result)}`;
}

/**
 * A condition on the right of `||`. It is never built, because what stands on its left counts as true; so the formula is asked once for
 * each of its conditions what else it would build if that one were false.
 */
function rightOfOr(formula: Formula, { text, conditions }: Trace): BoolExpression | undefined {
  /** A comparison that is built more often than before, when the condition of this number is false. */
  const moreWithout = (index: number): BoolExpression | undefined => {
    const trial = new Trace(text, { falseAt: index, most: 2 * conditions.length + 64 });
    try {
      during(trial, () => formula(VARIABLES));
    } catch {
      // False has no methods: where the condition is used as it should be, this is the end.
    }
    const left = countComparisons(conditions);
    return trial.conditions.filter(isComparing).find(({ node }) => {
      const key = JSON.stringify(node);
      const count = left.get(key) ?? 0;
      left.set(key, count - 1);
      return count === 0;
    });
  };
  const trials = Math.min(conditions.length, Math.ceil(MOST_TRIED / Math.max(1, conditions.length)));
  let skipped: BoolExpression | undefined;
  for (let index = 0; index < trials && skipped === undefined; index++) skipped = moreWithout(index);
  // Last, nothing is false: what the function keeps of its conditions is sound, and if it builds others now, it cannot be asked.
  return moreWithout(-1) === undefined ? skipped : undefined;
}

/** How often each comparison was built. */
function countComparisons(conditions: readonly BoolExpression[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of conditions.filter(isComparing)) {
    const key = JSON.stringify(node);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** A comparison contains no other condition, which may be false in a trial. */
function isComparing({ node }: BoolExpression): boolean {
  return typeof node === 'object' && isComparison(node[0]);
}
