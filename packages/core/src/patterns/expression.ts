/**
 * Expressions about a pair of positions, built by chained methods; what they build is plain data (expression-tree.ts). Its
 * size is checked at each step: an expression that is used twice in the next one, again and again, doubles each time.
 */
import {
  checkSize,
  type Arithmetic,
  type BoolNode,
  type Comparison,
  type IntNode,
} from './expression-tree.ts';

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

  #compute(name: Arithmetic, other: Operand): IntExpression {
    return new IntExpression([name, this.node, nodeOf(other)]);
  }
  #compare(name: Comparison, other: Operand): BoolExpression {
    return new BoolExpression([name, this.node, nodeOf(other)]);
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
    return new BoolExpression(['not', this.node]);
  }

  /** A chain of the same operation becomes one list, not a nest of pairs. */
  #join(name: 'and' | 'or', others: readonly (BoolExpression | boolean)[]): BoolExpression {
    const operands = [this, ...others].flatMap((operand): readonly BoolNode[] => {
      const node = operand instanceof BoolExpression ? operand.node : operand;
      if (typeof node !== 'object' || node[0] !== name) return [node];
      const [, ...inner] = node;
      return inner;
    });
    return new BoolExpression([name, ...operands]);
  }
}

/** What an expression can speak about. */
export interface Variables {
  /** Position of the query. */
  readonly q: IntExpression;
  /** Position of the key. */
  readonly k: IntExpression;
  /** Query head, from 0. */
  readonly head: IntExpression;
  /** Batch row, from 0. */
  readonly batch: IntExpression;
}

export const VARIABLES: Variables = {
  q: new IntExpression('q'),
  k: new IntExpression('k'),
  head: new IntExpression('head'),
  batch: new IntExpression('batch'),
};

function nodeOf(operand: Operand): IntNode {
  return operand instanceof IntExpression ? operand.node : operand;
}
