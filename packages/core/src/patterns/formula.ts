/**
 * Formulas as functions. `a || b`, `!a`, `a ? b : c` and `q === k` are JavaScript's own: they take an expression for something
 * true and unlike any other, ask it nothing, and the formula silently means something else. So the function is called again with
 * a plain value in the place of one of its expressions, for each of them: where a method is called of that, it ends in an error;
 * a function that goes on and builds something else has decided by the value.
 */
import {
  BoolExpression,
  IntExpression,
  VARIABLES,
  whileWatched,
  type Expression,
  type Variables,
} from './expression.ts';
import type { BoolNode } from './expression-tree.ts';
import {
  branchRefused,
  identityRefused,
  integerRefused,
  methodRefused,
  positionalRefused,
  resultRefused,
} from './formula-words.ts';

/** A formula as a function of its variables. */
export type FormulaFunction = (variables: Variables) => BoolExpression;

/** An expression that a method made, or a variable. */
interface Step {
  readonly expression: Expression;
  /** The method or the variable. */
  readonly name: string;
  /** What the method was called of, then what it was given. */
  readonly operands: readonly (Expression | number)[];
}

/** A call of the function. */
interface Making {
  readonly steps: readonly Step[];
  /** The step that made an expression. */
  readonly places: ReadonlyMap<Expression, number>;
  readonly result: BoolExpression;
}

/**
 * The tree that a function builds. Errors: `INVALID_PATTERN` for a function that takes its variables one by one, uses JavaScript's
 * operators on expressions, or returns anything but a formula.
 */
export function buildFormula(formula: FormulaFunction): BoolNode {
  if (formula.length > 1) throw positionalRefused(formula.length);
  const making = make(formula);
  // What a function with a memory or with dice does the next time says nothing about its operators.
  if (again(formula, making) === 'same') checkDecisions(formula, making);
  return making.result.node;
}

function make(formula: FormulaFunction): Making {
  const steps: Step[] = [];
  const places = new Map<Expression, number>();
  let result: unknown;
  try {
    result = whileWatched(
      (expression, name, operands) => {
        places.set(expression, steps.length);
        steps.push({ expression, name, operands });
        return expression;
      },
      () => formula(VARIABLES),
    );
  } catch (error) {
    throw methodRefused(error);
  }
  if (result instanceof BoolExpression) return { steps, places, result };
  if (result instanceof IntExpression) throw integerRefused(result.node);
  // The error of an async function would be nobody's, and end a server.
  if (result instanceof Promise) result.catch(() => {});
  throw resultRefused(result);
}

/** All expressions are tried of a formula of up to 128, fewer of longer ones, which come out of loops. */
const MOST_STEPS = 2 ** 14;

/** Throws if the function decides by what its expressions are. */
function checkDecisions(formula: FormulaFunction, making: Making): void {
  const { steps } = making;
  const numbers = numbersIn(formula);
  const stride = Math.ceil(steps.length ** 2 / MOST_STEPS) | 1; // Odd: the steps of a loop are often even in number.
  for (let index = 0; index < steps.length; index += stride) {
    const { expression } = steps[index];
    const isInteger = expression instanceof IntExpression;
    // NaN is false, equals nothing, is refused as an operand, and stays what it is under arithmetic.
    let outcome = again(formula, making, index, NaN);
    // No method was called of it, nor was it given to one: was it compared with something by `===`?
    for (const value of isInteger ? numbers : [true, false]) {
      if (outcome === 'same') outcome = again(formula, making, index, value);
    }
    if (outcome === 'other') throw branchRefused(expression.node, isInteger);
  }
  if (comparesIdentities(formula, making)) throw identityRefused();
}

/** What an integer may be compared with: 0 and 1, and the numbers in the function's text. */
function numbersIn(formula: FormulaFunction): readonly number[] {
  const text = Function.prototype.toString.call(formula);
  return [...new Set([0, 1, ...(text.match(/-?\d+/g) ?? []).map(Number)])].slice(0, 8);
}

/**
 * What the function builds with `value` in the place of the expression of this index: the same, another formula, or none because it
 * used that as the expression which it is not.
 */
function again(
  formula: FormulaFunction,
  { steps, places, result }: Making,
  index = -1,
  value?: unknown,
): 'same' | 'other' | 'used' {
  let count = 0;
  let isOther = false;
  const placesNow = new Map<Expression, number>();
  /** Is this operand the one that it was in the first call? */
  const isSame = (before: Expression | number, now: Expression | number): boolean => {
    if (typeof before === 'number' || typeof now === 'number') return before === now;
    const place = places.get(before);
    if (place !== placesNow.get(now)) return false;
    return place !== undefined || before === now || JSON.stringify(before) === JSON.stringify(now);
  };
  const watch = <T extends Expression>(expression: T, name: string, operands: Step['operands']): T => {
    const place = count++;
    if (place === index) return value as T;
    const step = steps.at(place);
    isOther =
      step?.name !== name ||
      step.operands.length !== operands.length ||
      !operands.every((operand, i) => isSame(step.operands[i], operand));
    if (isOther) throw END;
    placesNow.set(expression, place);
    return expression;
  };
  try {
    const built: unknown = whileWatched(watch, () => formula(VARIABLES));
    if (index >= 0 && Object.is(built, value)) return places.get(result) === index ? 'used' : 'other';
    const isResult = built instanceof BoolExpression && isSame(result, built);
    return isResult && count === steps.length ? 'same' : 'other';
  } catch {
    return isOther ? 'other' : 'used';
  }
}

/** Does the function build something else when all of its integers are one object, and all of its comparisons another? */
function comparesIdentities(formula: FormulaFunction, { steps }: Making): boolean {
  let count = 0;
  let isOther = false;
  const watch = <T extends Expression>(expression: T, name: string, operands: Step['operands']): T => {
    const step = steps.at(count++);
    isOther =
      step?.name !== name ||
      step.operands.length !== operands.length ||
      operands.some((operand, i) => typeof operand === 'number' && operand !== step.operands[i]);
    if (isOther) throw END;
    return (expression instanceof IntExpression ? ONE_INTEGER : ONE_COMPARISON) as T;
  };
  try {
    whileWatched(watch, () => formula(VARIABLES));
    return count < steps.length;
  } catch {
    return isOther;
  }
}

/** Ends a call whose outcome is known. */
const END = new Error('the outcome is known');
const ONE_INTEGER = new IntExpression('q');
const ONE_COMPARISON = new BoolExpression(true);
