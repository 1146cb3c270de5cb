/**
 * Formulas as functions. `a || b`, `!a`, `a ? b : c` and `q === k` are JavaScript's own operators: for them
 * an expression is simply true, and unlike any other object, so the formula silently means something else.
 * Therefore the function is called again for each of its expressions, with a plain value in its place. A
 * correct formula calls the same methods as before until it meets that value; a function that does anything
 * else has decided by the value.
 */
import { branchRefused, identityRefused, methodRefused, type FormulaOwner } from './formula-words.ts';
import { whileWatched, type Expression } from './watcher.ts';

/** What functions of one kind build, and how they are called. */
export interface FormulaLanguage<F extends (...values: never[]) => unknown, R extends Expression> {
  readonly owner: FormulaOwner;
  /** Calls the function with its variables. */
  call(formula: F): unknown;
  /** Returns the result if it is an expression that the function may return. Errors: `INVALID_PATTERN`. */
  checkResult(result: unknown): R;
  /** Whether the value of an expression is a number, not true or false. */
  isNumeric(expression: Expression): boolean;
  /** An expression of the same kind, one object for all of them. */
  standIn(expression: Expression): Expression;
  /** The code that builds an expression, for errors. */
  write(expression: Expression): string;
}

/** A call of a method, or a variable that was read. */
interface Step {
  readonly name: string;
  /** The expression whose method it is, and the operands of the method. */
  readonly operands: readonly unknown[];
}

/** What a call of the function builds. */
interface Construction<R> {
  readonly steps: readonly Step[];
  /** The expressions that the steps built. */
  readonly expressions: readonly Expression[];
  /** The step that built an expression. */
  readonly places: ReadonlyMap<unknown, number>;
  readonly result: R;
}

/**
 * Calls a function, and returns the expression that it builds. Errors: `INVALID_PATTERN` for a function that
 * uses JavaScript's operators on expressions, or returns anything else.
 */
export function buildFormula<F extends (...values: never[]) => unknown, R extends Expression>(
  language: FormulaLanguage<F, R>,
  formula: F,
): R {
  const first = construct(language, formula);
  const trial: Trial<F, R> = { language, formula, first };
  // A function with a memory or with dice does other things the next time, whatever its operators are.
  if (rerun(trial) === 'same') checkDecisions(trial);
  return first.result;
}

/** A function that is called again, and what its first call built. */
interface Trial<F extends (...values: never[]) => unknown, R extends Expression> {
  readonly language: FormulaLanguage<F, R>;
  readonly formula: F;
  readonly first: Construction<R>;
}

function construct<F extends (...values: never[]) => unknown, R extends Expression>(
  language: FormulaLanguage<F, R>,
  formula: F,
): Construction<R> {
  const steps: Step[] = [];
  const expressions: Expression[] = [];
  const places = new Map<unknown, number>();
  let result: unknown;
  try {
    result = whileWatched(
      {
        text: Function.prototype.toString.call(formula),
        called: (name, operands) => void steps.push({ name, operands }),
        built(expression) {
          places.set(expression, expressions.length);
          expressions.push(expression);
          return expression;
        },
      },
      () => language.call(formula),
    );
  } catch (error) {
    throw methodRefused(language.owner, error);
  }
  // Nobody would handle the error of an async function: it would end a server.
  if (result instanceof Promise) result.catch(() => {});
  return { steps, expressions, places, result: language.checkResult(result) };
}

/** Every expression of a formula of up to 128 is tried; fewer of longer ones, which come from loops. */
const MOST_STEPS = 2 ** 14;

/** Throws if the function decides by one of its expressions. */
function checkDecisions<F extends (...values: never[]) => unknown, R extends Expression>(
  trial: Trial<F, R>,
): void {
  const { language, formula, first } = trial;
  const { expressions } = first;
  const numbers = numbersIn(formula);
  // Odd, because a loop's steps are often even in number.
  const stride = Math.ceil(expressions.length ** 2 / MOST_STEPS) | 1;
  for (let place = 0; place < expressions.length; place += stride) {
    const expression = expressions[place];
    const isNumeric = language.isNumeric(expression);
    // NaN is false, equals no other value, is no operand, and stays NaN under arithmetic.
    let outcome = rerun(trial, place, NaN);
    // No method used it: was it compared with another value by `===`?
    for (const value of isNumeric ? numbers : [true, false]) {
      if (outcome === 'same') outcome = rerun(trial, place, value);
    }
    if (outcome === 'other') throw branchRefused(language.owner, language.write(expression), isNumeric);
  }
  if (comparesIdentities(trial)) throw identityRefused(language.owner);
}

/** Numbers that an integer may be compared with: 0, 1, and those in the function's text. */
function numbersIn(formula: object): readonly number[] {
  const text = Function.prototype.toString.call(formula);
  return [...new Set([0, 1, ...(text.match(/-?\d+/g) ?? []).map(Number)])].slice(0, 8);
}

/**
 * Calls the function again with `value` in place of an expression (`hole`). `same`: it builds the same
 * without using the value. `used`: it uses the value where it used the expression. `other`: it does something
 * else.
 */
function rerun<F extends (...values: never[]) => unknown, R extends Expression>(
  { language, formula, first: { steps, expressions, places, result } }: Trial<F, R>,
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
      hole >= 0 && language.isNumeric(expressions[hole]) && step?.name !== name && operands.some(isHole);
    if (isNumber) outcome ??= 'used';
    else if (!isSame) outcome ??= 'other';
    else if (operands.some((operand, i) => isHole(operand) && typeof step.operands[i] !== 'number'))
      outcome ??= 'used';
    if (outcome !== undefined) throw END;
  };
  const built = <T extends Expression>(expression: T): T => {
    const place = count++;
    placesNow.set(expression, place);
    return place === hole ? (value as T) : expression;
  };
  try {
    const resultNow: unknown = whileWatched({ called, built }, () => language.call(formula));
    if (!isAsBefore(resultNow, result) || count !== steps.length) outcome ??= 'other';
    return outcome ?? (isHole(resultNow) ? 'used' : 'same');
  } catch (error) {
    if (outcome !== undefined) return outcome;
    // A method was called of the value: of the expression, too?
    const isCall = error instanceof TypeError && error.message.includes('is not a function');
    return isCall && places.get(steps.at(count)?.operands[0]) !== hole ? 'other' : 'used';
  }
}

/** Whether the function builds something else if all its integers are one object, all comparisons another. */
function comparesIdentities<F extends (...values: never[]) => unknown, R extends Expression>({
  language,
  formula,
  first: { steps },
}: Trial<F, R>): boolean {
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
  const built = <T extends Expression>(expression: T): T => language.standIn(expression) as T;
  try {
    whileWatched({ called, built }, () => language.call(formula));
    return isOther || count < steps.length;
  } catch {
    return isOther;
  }
}

/** Ends a call whose outcome is known. */
const END = new Error('the outcome is known');
