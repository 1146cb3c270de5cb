/**
 * Formulas as functions. `a || b`, `!a`, `a ? b : c` and `q === k` are JavaScript's own: they take an
 * expression for something true and unlike any other, ask it nothing, and the formula silently means
 * something else. So the function is called again with a plain value in the place of one of its expressions,
 * for each of them. A formula calls the same methods as before until it meets that value where it met the
 * expression; a function that does anything else has decided by the value.
 */
import { BoolExpression, IntExpression, VARIABLES, whileWatched, type Expression } from './expression.ts';
import type { Variables } from './expression.ts';
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

/** A call of a method, or a variable that was read. */
interface Step {
  readonly name: string;
  /** The expression whose method it is, and what the method was given. */
  readonly operands: readonly unknown[];
}

/** A call of the function. */
interface Making {
  readonly steps: readonly Step[];
  /** What the steps made. */
  readonly expressions: readonly Expression[];
  /** The step that made an expression. */
  readonly places: ReadonlyMap<unknown, number>;
  readonly result: BoolExpression;
}

/**
 * The tree that a function builds. Errors: `INVALID_PATTERN` for a function that takes its variables one by
 * one, uses JavaScript's operators on expressions, or returns anything but a formula.
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
  const expressions: Expression[] = [];
  const places = new Map<unknown, number>();
  let result: unknown;
  try {
    result = whileWatched(
      {
        text: Function.prototype.toString.call(formula),
        called: (name, operands) => void steps.push({ name, operands }),
        made(expression) {
          places.set(expression, expressions.length);
          expressions.push(expression);
          return expression;
        },
      },
      () => formula(VARIABLES),
    );
  } catch (error) {
    throw methodRefused(error);
  }
  if (result instanceof BoolExpression) return { steps, expressions, places, result };
  if (result instanceof IntExpression) throw integerRefused(result.node);
  // The error of an async function would be nobody's, and end a server.
  if (result instanceof Promise) result.catch(() => {});
  throw resultRefused(result);
}

/** All expressions are tried of a formula of up to 128, fewer of longer ones, which come out of loops. */
const MOST_STEPS = 2 ** 14;

/** Throws if the function decides by what its expressions are. */
function checkDecisions(formula: FormulaFunction, making: Making): void {
  const { expressions } = making;
  const numbers = numbersIn(formula);
  const stride = Math.ceil(expressions.length ** 2 / MOST_STEPS) | 1; // Odd: a loop's steps are often even in number.
  for (let place = 0; place < expressions.length; place += stride) {
    const expression = expressions[place];
    const isInteger = expression instanceof IntExpression;
    // NaN is false, equals nothing, is no operand, and stays what it is under arithmetic.
    let outcome = again(formula, making, place, NaN);
    // No method was called of it, nor was it given to one: was it compared with something by `===`?
    for (const value of isInteger ? numbers : [true, false]) {
      if (outcome === 'same') outcome = again(formula, making, place, value);
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
 * What the function does with `value` for the expression of this place: it builds the same without using
 * that, or comes to use it as it used the expression, or does something else.
 */
function again(
  formula: FormulaFunction,
  { steps, expressions, places, result }: Making,
  hole = -1,
  value?: unknown,
): 'same' | 'used' | 'other' {
  let outcome: 'used' | 'other' | undefined;
  let count = 0;
  const placesNow = new Map<unknown, number>();
  const isHole = (operand: unknown): boolean => hole >= 0 && Object.is(operand, value);
  /** Is it what stood here in the first call, or the value for it? */
  const isAsBefore = (now: unknown, before: unknown): boolean => {
    if (typeof before === 'number') return now === before;
    const place = places.get(before);
    if (isHole(now)) return place === hole;
    if (place !== undefined) return placesNow.get(now) === place;
    return now === before || JSON.stringify(now) === JSON.stringify(before);
  };
  const called = (name: string, operands: readonly unknown[]): void => {
    if (count <= hole) return;
    const step = steps.at(count);
    const isSame =
      step?.name === name &&
      step.operands.length === operands.length &&
      operands.every((operand, i) => isAsBefore(operand, step.operands[i]));
    // A helper that takes numbers, too, calculates with this one at once.
    const isNumber =
      expressions[hole] instanceof IntExpression && step?.name !== name && operands.some(isHole);
    if (isNumber) outcome ??= 'used';
    else if (!isSame) outcome ??= 'other';
    else if (operands.some((operand, i) => isHole(operand) && typeof step.operands[i] !== 'number'))
      outcome ??= 'used';
    if (outcome !== undefined) throw END;
  };
  const made = <T extends Expression>(expression: T): T => {
    const place = count++;
    placesNow.set(expression, place);
    return place === hole ? (value as T) : expression;
  };
  try {
    const built: unknown = whileWatched({ called, made }, () => formula(VARIABLES));
    if (!isAsBefore(built, result) || count !== steps.length) outcome ??= 'other';
    return outcome ?? (isHole(built) ? 'used' : 'same');
  } catch (error) {
    if (outcome !== undefined) return outcome;
    // A method was called of the value: of the expression, too?
    const isCall = error instanceof TypeError && error.message.includes('is not a function');
    return isCall && places.get(steps.at(count)?.operands[0]) !== hole ? 'other' : 'used';
  }
}

/**
 * Does the function build something else when all of its integers are one object, and all of its comparisons
 * another?
 */
function comparesIdentities(formula: FormulaFunction, { steps }: Making): boolean {
  let count = 0;
  let isOther = false;
  const called = (name: string, operands: readonly unknown[]): void => {
    const step = steps.at(count++);
    isOther ||=
      step?.name !== name ||
      step.operands.length !== operands.length ||
      operands.some((operand, i) => typeof operand === 'number' && operand !== step.operands[i]);
    if (isOther) throw END;
  };
  const made = <T extends Expression>(expression: T): T =>
    (expression instanceof IntExpression ? ONE_INTEGER : ONE_COMPARISON) as T;
  try {
    whileWatched({ called, made }, () => formula(VARIABLES));
    return isOther || count < steps.length;
  } catch {
    return isOther;
  }
}

/** Ends a call whose outcome is known. */
const END = new Error('the outcome is known');
const ONE_INTEGER = new IntExpression('q');
const ONE_COMPARISON = new BoolExpression(true);
