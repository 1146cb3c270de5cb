/** The functions of `where`: what they take, and what they return. */
import { BoolExpression, IntExpression, VARIABLES, type Variables } from './expression.ts';
import type { BoolNode } from './expression-tree.ts';
import { buildFormula, type FormulaLanguage } from './formula.ts';
import { integerRefused, positionalRefused, resultRefused, WHERE_OWNER, written } from './formula-words.ts';
import type { Expression } from './watcher.ts';

/** A formula as a function of its variables. */
export type FormulaFunction = (variables: Variables) => BoolExpression;

const ONE_INTEGER = new IntExpression('q');
const ONE_COMPARISON = new BoolExpression(true);

const LANGUAGE: FormulaLanguage<FormulaFunction, BoolExpression> = {
  owner: WHERE_OWNER,
  call: (formula) => formula(VARIABLES),
  checkResult(result) {
    if (result instanceof BoolExpression) return result;
    if (result instanceof IntExpression) throw integerRefused(result.node);
    throw resultRefused(result);
  },
  isNumeric: (expression) => expression instanceof IntExpression,
  standIn: (expression) => (expression instanceof IntExpression ? ONE_INTEGER : ONE_COMPARISON),
  write: (expression: Expression) =>
    expression instanceof IntExpression || expression instanceof BoolExpression
      ? written(expression.node)
      : '',
};

/**
 * Calls a function, and returns the tree that it builds. Errors: `INVALID_PATTERN` for a function that takes
 * its variables one by one, uses JavaScript's operators on expressions, or returns anything but a formula.
 */
export function buildCondition(formula: FormulaFunction): BoolNode {
  if (formula.length > 1) throw positionalRefused(formula.length);
  return buildFormula(LANGUAGE, formula).node;
}
