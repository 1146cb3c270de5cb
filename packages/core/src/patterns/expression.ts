/**
 * Expressions about a pair of positions, which chained methods build as plain data (expression-tree.ts). The
 * size is checked at each step: an expression that is used twice in the next, again and again, doubles each
 * time. JavaScript's operators cannot build any: this file refuses those that ask for a value, formula.ts the
 * others.
 */
import { show } from '../errors.ts';
import {
  checkSize,
  sizeOf,
  type Arithmetic,
  type BoolNode,
  type Comparison,
  type IntNode,
} from './expression-tree.ts';
import {
  booleanRefused,
  operatorRefused,
  refusedFormula,
  variableRefused,
  written,
} from './formula-words.ts';
import { built, called, formulaText } from './watcher.ts';

/** An expression, or a constant integer. */
export type Operand = IntExpression | number;

/** An expression whose value is an integer. `div` rounds down; results saturate at ±(2⁵³ − 1). */
export class IntExpression {
  readonly node: IntNode;
  /** Number of nodes of the tree. */
  readonly size: number;

  /** @param size the number of nodes; counted by default */
  constructor(node: IntNode, size: number = sizeOf(node)) {
    if (typeof node === 'number' && !Number.isSafeInteger(node)) {
      throw refusedFormula("a formula's constant to be an integer", show(node));
    }
    this.node = node;
    this.size = checkSize(size);
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
    called('abs', [this]);
    return built(new IntExpression(['abs', this.node], this.size + 1));
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

  /**
   * Refuses `q >= k`, `q - k`, `q == 3`, `list[q]`: the expression has no value yet. Errors:
   * `INVALID_PATTERN`.
   */
  [Symbol.toPrimitive](hint: string): never {
    throw operatorRefused(written(this.node), true, hint, formulaText());
  }

  #compute(name: Arithmetic, other: Operand): IntExpression {
    called(name, [this, other]);
    const { node, size } = integerOf(name, other);
    return built(new IntExpression([name, this.node, node], this.size + size + 1));
  }
  #compare(name: Comparison, other: Operand): BoolExpression {
    called(name, [this, other]);
    const { node, size } = integerOf(name, other);
    return built(new BoolExpression([name, this.node, node], this.size + size + 1));
  }
}

/** An expression whose value is true or false. */
export class BoolExpression {
  readonly node: BoolNode;
  /** Number of nodes of the tree. */
  readonly size: number;

  /** @param size the number of nodes; counted by default */
  constructor(node: BoolNode, size: number = sizeOf(node)) {
    this.node = node;
    this.size = checkSize(size);
  }

  and(...others: readonly BoolExpression[]): BoolExpression {
    return this.#join('and', others);
  }
  or(...others: readonly BoolExpression[]): BoolExpression {
    return this.#join('or', others);
  }
  not(): BoolExpression {
    called('not', [this]);
    return built(new BoolExpression(['not', this.node], this.size + 1));
  }

  /** Refuses `a & b`, `a == b`, a template of it. Errors: `INVALID_PATTERN`. */
  [Symbol.toPrimitive](hint: string): never {
    throw operatorRefused(written(this.node), false, hint, formulaText());
  }

  /** A chain of the same operation becomes one list, not a nest of pairs. */
  #join(name: 'and' | 'or', others: readonly BoolExpression[]): BoolExpression {
    called(name, [this, ...others]);
    const joined: [typeof name, ...BoolNode[]] = [name];
    let size = 1;
    for (const { node, size: more } of [this, ...others.map((other) => boolOf(name, other))]) {
      const isChain = typeof node === 'object' && node[0] === name;
      size = checkSize(size + more - (isChain ? 1 : 0));
      if (!isChain) joined.push(node);
      else for (let i = 1; i < node.length; i++) joined.push(node[i]);
    }
    return built(new BoolExpression(joined, size));
  }
}

/** A variable. Its type has its name, so that TypeScript refuses `q >= k` and `q === k` of two objects. */
export type FormulaVariable<Name extends IntNode> = IntExpression & { readonly node: Name };

/** The variables of a formula. */
export interface Variables {
  /** Position of the query. */
  readonly q: FormulaVariable<'q'>;
  /** Position of the key. */
  readonly k: FormulaVariable<'k'>;
  /** Query head, from 0. */
  readonly head: FormulaVariable<'head'>;
  /** Batch row, from 0. */
  readonly batch: FormulaVariable<'batch'>;
  /** A formula that always holds. */
  readonly always: BoolExpression;
  /** A formula that never holds: where a loop over `or` starts. */
  readonly never: BoolExpression;
}

function variable<Name extends IntNode>(name: Name): FormulaVariable<Name> {
  return new IntExpression(name) as FormulaVariable<Name>;
}

const NAMES: Variables = {
  q: variable('q'),
  k: variable('k'),
  head: variable('head'),
  batch: variable('batch'),
  always: new BoolExpression(true),
  never: new BoolExpression(false),
};

/**
 * The variables. Reading one returns a new expression; reading an unknown one throws. Names that no variable
 * can have (`then`, `toJSON`) are ignored.
 */
export const VARIABLES: Variables = new Proxy(NAMES, {
  get(variables, name) {
    const value: unknown = Reflect.get(variables, name);
    if (value instanceof IntExpression || value instanceof BoolExpression) {
      called(String(name), []);
      return built(
        value instanceof IntExpression ? new IntExpression(value.node, 1) : new BoolExpression(value.node, 1),
      );
    }
    if (typeof name === 'symbol' || name in Object.prototype || name === 'then' || name === 'toJSON')
      return value;
    throw variableRefused(name, Object.keys(variables));
  },
});

/** A tree and its size. */
interface Sized<Node> {
  readonly node: Node;
  readonly size: number;
}

function integerOf(method: string, operand: Operand): Sized<IntNode> {
  if (operand instanceof IntExpression) return operand;
  if (typeof operand === 'number' && Number.isSafeInteger(operand)) return { node: operand, size: 1 };
  throw refusedFormula(`${method} to be given an integer, such as 2 or q.sub(k)`, described(operand));
}

function boolOf(method: string, operand: BoolExpression): Sized<BoolNode> {
  if (operand instanceof BoolExpression) return operand;
  if (typeof operand === 'boolean') throw booleanRefused(`${method} to be given`, operand);
  throw refusedFormula(`${method} to be given a formula such as k.le(q)`, described(operand));
}

/** Describes a value that stands in place of an operand. */
function described(operand: unknown): string {
  if (operand instanceof BoolExpression) return `${written(operand.node)}, which is true or false`;
  if (operand instanceof IntExpression) return `the integer ${written(operand.node)}`;
  return show(operand);
}
