/** Patterns from formulas about positions, heads and batch rows. */
import { testOf, type Test } from './classifier.ts';
import { RunPart } from './column.ts';
import { checkExpression, compileBool, mentions, reduceBool, type BoolNode } from './expression-tree.ts';
import { buildCondition, type FormulaFunction } from './where-function.ts';
import { canonicalJson, hashText, type Json } from '../util/json-value.ts';
import { defineBuiltIn } from './define-pattern.ts';
import { formulaOverRows } from './over-rows.ts';
import { ordersOf } from './orders.ts';
import type { OrderHint, Pattern, PatternSizes } from './pattern.ts';
import { mod } from './runs.ts';
import { periodOf } from './translation.ts';

/** There are fewer heads: a batch row and a head are packed into one number. */
const MOST_HEADS = 2 ** 26;

/** Runs up to which a formula about positions says as much as tables do. */
const FEW_RUNS = 32;

/** A formula: a function of its variables, or nested lists. */
export type WhereExpression = FormulaFunction | Json;

/**
 * Query q sees key k if the formula holds. The formula is a function of one object with the variables `q`,
 * `k`, `head` and `batch`. It builds an expression by the methods add, sub, mul, div (rounds down), mod, min,
 * max, abs, eq, ne, lt, le, gt, ge, and, or, not; `always` and `never` are constants. Nested lists are the
 * JSON form. The function is called several times, to check that it only builds.
 *
 * Planning does not evaluate single pairs: a window written as a formula costs what `slidingWindow` costs.
 *
 * Errors: `INVALID_PATTERN` for JavaScript's operators (`q >= k`, `!a`, `a && b`, `q === k`), with the method
 * to write instead; for a function of several parameters, an unknown variable or method, or a result that is
 * no formula.
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
 * where(({ q, k }) => k.le(q).and(q.sub(k).le(256))); // not k <= q && q - k <= 256
 * where(({ k, never }) => [0, 7, 9].reduce((sum, position) => sum.or(k.eq(position)), never));
 */
export function where(expression: WhereExpression): Pattern {
  const tree = checkExpression(typeof expression === 'function' ? buildCondition(expression) : expression);
  const byHead = mentions(tree, 'head');
  const byBatch = mentions(tree, 'batch');

  // One formula for each head and batch row that the expression distinguishes.
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
  // An expression without head and batch is checked completely now, others in `validate`.
  const only = byHead || byBatch ? undefined : at(0, 0);
  const formulaAt = only === undefined ? at : () => only;

  return defineBuiltIn({
    type: 'where',
    options: { expression: tree },
    allows: (b, h, q, k) => formulaAt(b, h).allows(q, k),
    classify: (b, h, q, k) => formulaAt(b, h).test.classify(new RunPart(q), new RunPart(k)),
    overRows(b, h, rows) {
      const { test, allows, isAboutPositions } = formulaAt(b, h);
      return isAboutPositions && rows.runs <= FEW_RUNS ? undefined : formulaOverRows(test, allows, rows);
    },
    signature(b, h, q, k) {
      const { period, name } = formulaAt(b, h);
      if (period === undefined) return undefined;
      const phase = period === 1 ? '' : `@${mod(q.start, period)}`;
      return `${only === undefined ? `${name}:` : ''}${k.start - q.start}${phase}`;
    },
    variant: (b, h) => (only === undefined ? formulaAt(b, h).name : ''),
    alternatives: () => (isUnion(tree) ? tree.slice(1).map((part) => where(part)) : []),
    hints: (b, h) => formulaAt(b, h).hints,
    validate({ batch, heads }: PatternSizes) {
      for (let b = 0; b < (byBatch ? batch : 1); b++)
        for (let h = 0; h < (byHead ? heads : 1); h++) formulaAt(b, h);
    },
  });
}

/** Whether a tree is an `or` of others. */
function isUnion(tree: BoolNode): tree is readonly ['or', ...BoolNode[]] {
  return typeof tree === 'object' && tree[0] === 'or';
}

/** An expression, reduced to one head and batch row. */
interface Reduced {
  /** A name that equal formulas share. */
  readonly name: string;
  readonly allows: ReturnType<typeof compileBool>;
  readonly test: Test;
  /** Whether it is linear in both positions, so that runs say as much as tables. */
  readonly isAboutPositions: boolean;
  readonly period: number | undefined;
  readonly hints: readonly OrderHint[];
}

function compile(tree: BoolNode): Reduced {
  const test = testOf(tree);
  return {
    name: hashText(canonicalJson(tree)),
    allows: compileBool(tree),
    test,
    isAboutPositions:
      test.cells !== undefined &&
      test.comparisons.every(({ q, k }) => q.column?.isPosition !== false && k.column?.isPosition !== false),
    period: periodOf(tree),
    hints: ordersOf(test.comparisons),
  };
}
