/** Any pattern that can be said as a formula about positions, heads and batch rows. */
import { classifierOf } from './classifier.ts';
import { checkExpression, compileBool, mentions, reduceBool, type BoolNode } from './expression-tree.ts';
import { buildFormula, type FormulaFunction } from './formula.ts';
import { canonicalJson, hashText, type Json } from '../util/json-value.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { OrderHint, Pattern, PatternSizes } from './pattern.ts';
import { mod } from './runs.ts';
import { moduliOf, periodOf } from './translation.ts';

/** There are fewer heads than this: a batch row and a head make one number. */
const MOST_HEADS = 2 ** 26;

/** A formula as a function of its variables, or as nested lists. */
export type WhereExpression = FormulaFunction | Json;

/**
 * Query q sees key k iff the formula holds. It is a function of the variables `q`, `k`, `head`, `batch`, in
 * one object, that builds an expression of the methods add, sub, mul, div (rounding down), mod, min, max,
 * abs, eq, ne, lt, le, gt, ge, and, or, not; or what that is as nested lists. Constants are the variables
 * `always` and `never`. The function is called several times, to see that it only builds.
 *
 * Formulas are planned without evaluating cells; windows spelled as formulas cost what `slidingWindow` costs.
 *
 * Errors: `INVALID_PATTERN` with the method to write for JavaScript's operators (`q >= k`, `!a`, `a && b`, `q
 * === k`), for a function of several parameters, for variables and methods that there are none of, for
 * anything returned that is no formula.
 *
 *     where(({ q, k }) => k.le(q).and(q.sub(k).mod(2).eq(0)))
 *     ["and", ["le", "k", "q"], ["eq", ["mod", ["sub", "q", "k"], 2], 0]]
 *     ■ · · · ·
 *     · ■ · · ·
 *     ■ · ■ · ·
 *     · ■ · ■ ·
 *     ■ · ■ · ■
 *
 * @example
 * where(({ q, k }) => k.le(q).and(q.sub(k).le(256))) // not k <= q && q - k <= 256
 * where(({ k, never }) => sinks.reduce((sum, sink) => sum.or(k.eq(sink)), never))
 */
export function where(expression: WhereExpression): Pattern {
  const tree = checkExpression(typeof expression === 'function' ? buildFormula(expression) : expression);
  const byHead = mentions(tree, 'head');
  const byBatch = mentions(tree, 'batch');

  // One formula per head and batch row that the expression tells apart.
  const reduced = new Map<number, Reduced>();
  const at = (b: number, h: number): Reduced => {
    const address = (byBatch ? b : 0) * MOST_HEADS + (byHead ? h : 0);
    let formula = reduced.get(address);
    if (formula === undefined) {
      formula = compile(reduceBool(tree, h, b));
      reduced.set(address, formula);
    }
    return formula;
  };
  // An expression that is the same for all is checked to the end now, else in `validate`.
  const only = byHead || byBatch ? undefined : at(0, 0);
  const formulaAt = only === undefined ? at : () => only;

  return defineBuiltIn({
    type: 'where',
    options: { expression: tree },
    allows: (b, h, q, k) => formulaAt(b, h).allows(q, k),
    classify: (b, h, q, k) => formulaAt(b, h).classify(q, k),
    signature(b, h, q, k) {
      const { period, name } = formulaAt(b, h);
      if (period === undefined) return undefined;
      const phase = period === 1 ? '' : `@${mod(q.start, period)}`;
      return `${only === undefined ? `${name}:` : ''}${k.start - q.start}${phase}`;
    },
    variant: (b, h) => (only === undefined ? formulaAt(b, h).name : ''),
    hints: (b, h) => formulaAt(b, h).hints,
    validate({ batch, heads }: PatternSizes) {
      for (let b = 0; b < (byBatch ? batch : 1); b++)
        for (let h = 0; h < (byHead ? heads : 1); h++) formulaAt(b, h);
    },
  });
}

/** An expression for one head and batch row. */
interface Reduced {
  /** Equal for equal formulas. */
  readonly name: string;
  readonly allows: ReturnType<typeof compileBool>;
  readonly classify: ReturnType<typeof classifierOf>;
  readonly period: number | undefined;
  readonly hints: readonly OrderHint[];
}

function compile(tree: BoolNode): Reduced {
  return {
    name: hashText(canonicalJson(tree)),
    allows: compileBool(tree),
    classify: classifierOf(tree),
    period: periodOf(tree),
    hints: moduliOf(tree).map((modulus) => ({ modulus })),
  };
}
