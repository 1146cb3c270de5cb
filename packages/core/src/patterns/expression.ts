/**
 * Expressions about a pair of positions, built by chained methods; what they build is plain data (expression-tree.ts). Its
 * size is checked at each step: an expression that is used twice in the next one, again and again, doubles each time.
 */
import { AttnError, show } from '../errors.ts';
import { unknownName } from '../nearest-name.ts';
import {
  checkSize,
  type Arithmetic,
  type BoolNode,
  type Comparison,
  type IntNode,
} from './expression-tree.ts';
import { operatorAdvice, type PrimitiveHint } from './operators.ts';

/** An expression, or a constant integer. */
export type Operand = IntExpression | number;

/** An expression whose value is an integer. Nothing rounds but `div`, which rounds down; results saturate at ±(2⁵³ − 1). */
export class IntExpression {
  readonly node: IntNode;

  constructor(node: IntNode) {
    checkSize(node);
    this.node = node;
  }

  add(other: Operand): IntExpression {
    return this.#compute('add', other);
  }
  sub(other: Operand): IntExpression {
    return this.#compute('sub', other);
  }
  mul(other: Operand): IntExpression {
    return this.#compute('mul', other);
  }
  /** ⌊this / other⌋; the divisor is positive and does not depend on `q` or `k`. */
  div(other: Operand): IntExpression {
    return this.#compute('div', other);
  }
  /** The remainder in [0, other); the divisor is positive and does not depend on `q` or `k`. */
  mod(other: Operand): IntExpression {
    return this.#compute('mod', other);
  }
  min(other: Operand): IntExpression {
    return this.#compute('min', other);
  }
  max(other: Operand): IntExpression {
    return this.#compute('max', other);
  }
  abs(): IntExpression {
    return new IntExpression(['abs', this.node]);
  }

  eq(other: Operand): BoolExpression {
    return this.#compare('eq', other);
  }
  ne(other: Operand): BoolExpression {
    return this.#compare('ne', other);
  }
  lt(other: Operand): BoolExpression {
    return this.#compare('lt', other);
  }
  le(other: Operand): BoolExpression {
    return this.#compare('le', other);
  }
  gt(other: Operand): BoolExpression {
    return this.#compare('gt', other);
  }
  ge(other: Operand): BoolExpression {
    return this.#compare('ge', other);
  }

  /** Refuses JavaScript's operators. Errors: `INVALID_PATTERN`. */
  [Symbol.toPrimitive](hint: PrimitiveHint): never {
    throw operatorError(hint);
  }

  #compute(name: Arithmetic, other: Operand): IntExpression {
    return new IntExpression([name, this.node, nodeOf(other)]);
  }
  #compare(name: Comparison, other: Operand): BoolExpression {
    return traced(new BoolExpression([name, this.node, nodeOf(other)]), []);
  }
}

/** A variable of formulas. Its name is part of its type, so that TypeScript refuses `q >= k`, which compares two objects. */
export class FormulaVariable<Name extends string> extends IntExpression {
  readonly name: Name;

  constructor(name: Name & IntNode) {
    super(name);
    this.name = name;
  }
}

/** An expression whose value is true or false. */
export class BoolExpression {
  readonly node: BoolNode;

  constructor(node: BoolNode) {
    checkSize(node);
    this.node = node;
  }

  and(...others: readonly (BoolExpression | boolean)[]): BoolExpression {
    return this.#join('and', others);
  }
  or(...others: readonly (BoolExpression | boolean)[]): BoolExpression {
    return this.#join('or', others);
  }
  not(): BoolExpression {
    return traced(new BoolExpression(['not', this.node]), [this]);
  }

  /** Refuses JavaScript's operators. Errors: `INVALID_PATTERN`. */
  [Symbol.toPrimitive](hint: PrimitiveHint): never {
    throw operatorError(hint);
  }

  /** A chain of the same operation becomes one list, not a nest of pairs. */
  #join(name: 'and' | 'or', others: readonly (BoolExpression | boolean)[]): BoolExpression {
    const operands = [this, ...others].flatMap((operand): readonly BoolNode[] => {
      const node = operand instanceof BoolExpression ? operand.node : operand;
      if (typeof node !== 'object' || node[0] !== name) return [node];
      const [, ...inner] = node;
      return inner;
    });
    return traced(new BoolExpression([name, ...operands]), [this, ...others]);
  }
}

/** How a formula is watched. */
export interface TraceOptions {
  /** The condition that becomes false instead, counted from 0. */
  readonly falseAt?: number;
  /** Conditions after which the formula is stopped by an error. */
  readonly most?: number;
}

/** What a formula builds while it runs. */
export class Trace {
  /** The formula's text, for errors. */
  readonly text: string;
  /** Every condition, in the order in which they are built. */
  readonly conditions: BoolExpression[] = [];
  /** Those that became part of another one. */
  readonly parts: Set<unknown> = new Set();
  readonly #falseAt: number;
  readonly #most: number;

  constructor(text: string, { falseAt = -1, most = Infinity }: TraceOptions = {}) {
    this.text = text;
    this.#falseAt = falseAt;
    this.#most = most;
  }

  /** Takes note of a condition and of what it is made of. False stands for it where that was asked for. */
  add(condition: BoolExpression, parts: readonly unknown[]): BoolExpression | false {
    for (const part of parts) this.parts.add(part);
    if (this.conditions.length >= this.#most) throw new Error('the formula builds more than it did before');
    return this.conditions.push(condition) - 1 === this.#falseAt ? false : condition;
  }
}

/** Of the formula that runs now. */
let tracing: Trace | undefined;

/** Runs a formula and traces it. It may build other patterns by formulas on its way. */
export function during<T>(trace: Trace, formula: () => T): T {
  const outer = tracing;
  tracing = trace;
  try {
    return formula();
  } finally {
    tracing = outer;
  }
}

/** In a trial, false is what the formula's own JavaScript gets to see instead of a condition. */
function traced(condition: BoolExpression, parts: readonly unknown[]): BoolExpression {
  return (tracing?.add(condition, parts) ?? condition) as BoolExpression;
}

function operatorError(hint: PrimitiveHint): AttnError {
  const text = tracing?.text ?? '';
  const where = text === '' ? '' : `, got ${show(text)}`;
  const message = `JavaScript's operators do not build formulas: ${operatorAdvice(hint, text)}${where}`;
  return new AttnError('INVALID_PATTERN', 'core/where', message);
}

/** What an expression can speak about. */
export interface Variables {
  /** Position of the query. */
  readonly q: FormulaVariable<'q'>;
  /** Position of the key. */
  readonly k: FormulaVariable<'k'>;
  /** Query head, from 0. */
  readonly head: FormulaVariable<'head'>;
  /** Batch row, from 0. */
  readonly batch: FormulaVariable<'batch'>;
}

const NAMED: Variables = {
  q: new FormulaVariable('q'),
  k: new FormulaVariable('k'),
  head: new FormulaVariable('head'),
  batch: new FormulaVariable('batch'),
};

/** The variables of every formula. Reading any other is an error: `INVALID_PATTERN`. */
export const VARIABLES: Variables = new Proxy(NAMED, {
  get(variables, name, receiver) {
    if (typeof name === 'symbol' || name in variables) return Reflect.get(variables, name, receiver);
    const message = unknownName('variable', name, Object.keys(variables));
    throw new AttnError('INVALID_PATTERN', 'core/where', message);
  },
});

function nodeOf(operand: Operand): IntNode {
  return operand instanceof IntExpression ? operand.node : operand;
}
