/**
 * What functions of `score` compute with: chained methods build plain data (score-tree.ts). JavaScript's
 * operators cannot build any; they are refused as in formulas of `where`.
 */
import { show } from '../errors.ts';
import { checkSize, sizeOf, type Comparison } from '../patterns/expression-tree.ts';
import { operatorRefused } from '../patterns/formula-words.ts';
import { built, called, formulaText } from '../patterns/watcher.ts';
import {
  checkBinary,
  checkTable,
  checkTableName,
  invalidScore,
  isInteger,
  SCORE_TREE,
  type IndexVariable,
  type IntegerBinary,
  type NumberUnary,
  type ScoreNode,
  type ScoreTest,
  type TableNode,
} from './score-tree.ts';
import { SCORE_OWNER, variableRefused, writtenScore } from './score-words.ts';

/** A value of a score's expression, or a constant. ±∞ are constants too. */
export type ScoreOperand = ScoreValue | number;

/** An integer or a number. Integers have 32 bits; an integer beside a number becomes a number. */
export class ScoreValue {
  readonly node: ScoreNode;
  /** Number of nodes of the tree. */
  readonly size: number;

  /** @param size the number of nodes; counted by default */
  constructor(node: ScoreNode, size: number = sizeOf(node, SCORE_TREE, invalidScore)) {
    this.node = node;
    this.size = checkSize(size, SCORE_TREE, invalidScore);
  }

  add(other: ScoreOperand): ScoreValue {
    return this.#binary('add', other);
  }
  sub(other: ScoreOperand): ScoreValue {
    return this.#binary('sub', other);
  }
  mul(other: ScoreOperand): ScoreValue {
    return this.#binary('mul', other);
  }
  /**
   * The quotient. Of two integers it is ⌊this / other⌋, and the divisor is positive and depends on `b` and
   * `h` at most; `q.float().div(2)` is a number.
   */
  div(other: ScoreOperand): ScoreValue {
    return this.#binary('div', other);
  }
  /** The remainder in [0, other) of integers; the divisor is positive and depends on `b` and `h` at most. */
  mod(other: ScoreOperand): ScoreValue {
    return this.#binary('mod', other);
  }
  /** The lesser of both; NaN if one is NaN. */
  min(other: ScoreOperand): ScoreValue {
    return this.#binary('min', other);
  }
  /** The greater of both; NaN if one is NaN. */
  max(other: ScoreOperand): ScoreValue {
    return this.#binary('max', other);
  }
  neg(): ScoreValue {
    return this.#unary('neg');
  }
  abs(): ScoreValue {
    return this.#unary('abs');
  }
  /** eˣ. */
  exp(): ScoreValue {
    return this.#unary('exp');
  }
  /** The natural logarithm: −∞ of 0, NaN of less. */
  log(): ScoreValue {
    return this.#unary('log');
  }
  tanh(): ScoreValue {
    return this.#unary('tanh');
  }
  /** The sine of radians, right to 2⁻²¹ up to 2²⁷ radians; beyond them some number in [−1, 1]. */
  sin(): ScoreValue {
    return this.#unary('sin');
  }
  /** The cosine, as right as `sin`. */
  cos(): ScoreValue {
    return this.#unary('cos');
  }
  /** An integer as a number. */
  float(): ScoreValue {
    return this.#unary('float');
  }
  /** The nearest value in [low, high]. */
  clamp(low: ScoreOperand, high: ScoreOperand): ScoreValue {
    return this.max(low).min(high);
  }
  /** cap · tanh(this / cap). Gemma Team 2024, https://arxiv.org/abs/2408.00118, §2 */
  softcap(cap: ScoreOperand): ScoreValue {
    return this.float().div(cap).tanh().mul(cap);
  }

  eq(other: ScoreOperand): ScoreCondition {
    return this.#compare('eq', other);
  }
  ne(other: ScoreOperand): ScoreCondition {
    return this.#compare('ne', other);
  }
  lt(other: ScoreOperand): ScoreCondition {
    return this.#compare('lt', other);
  }
  le(other: ScoreOperand): ScoreCondition {
    return this.#compare('le', other);
  }
  gt(other: ScoreOperand): ScoreCondition {
    return this.#compare('gt', other);
  }
  ge(other: ScoreOperand): ScoreCondition {
    return this.#compare('ge', other);
  }

  /** Refuses `q - k`, `s * 2`, `list[q]`: there is no value yet. Errors: `INVALID_ARGUMENT`. */
  [Symbol.toPrimitive](hint: string): never {
    throw operatorRefused(writtenScore(this.node), true, hint, formulaText(), SCORE_OWNER);
  }

  #unary(name: NumberUnary | 'float'): ScoreValue {
    called(name, [this]);
    return built(new ScoreValue([name, this.node], this.size + 1));
  }
  #binary(name: IntegerBinary, other: ScoreOperand): ScoreValue {
    called(name, [this, other]);
    const { node, size } = valueOf(name, other);
    return built(new ScoreValue(checkBinary([name, this.node, node]), this.size + size + 1));
  }
  #compare(name: Comparison, other: ScoreOperand): ScoreCondition {
    called(name, [this, other]);
    const { node, size } = valueOf(name, other);
    return built(new ScoreCondition([name, this.node, node], this.size + size + 1));
  }
}

/** Something that is true or false. */
export class ScoreCondition {
  readonly node: ScoreTest;
  /** Number of nodes of the tree. */
  readonly size: number;

  constructor(node: ScoreTest, size: number) {
    this.node = node;
    this.size = checkSize(size, SCORE_TREE, invalidScore);
  }

  and(...others: readonly ScoreCondition[]): ScoreCondition {
    return this.#join('and', others);
  }
  or(...others: readonly ScoreCondition[]): ScoreCondition {
    return this.#join('or', others);
  }
  not(): ScoreCondition {
    called('not', [this]);
    return built(new ScoreCondition(['not', this.node], this.size + 1));
  }

  /** Refuses `a & b`, `a == b`, a template of it. Errors: `INVALID_ARGUMENT`. */
  [Symbol.toPrimitive](hint: string): never {
    throw operatorRefused(writtenScore(this.node), false, hint, formulaText(), SCORE_OWNER);
  }

  #join(name: 'and' | 'or', others: readonly ScoreCondition[]): ScoreCondition {
    called(name, [this, ...others]);
    const all = [this, ...others.map((other) => conditionOf(name, other))];
    const size = all.reduce((sum, each) => sum + each.size, 1);
    return built(new ScoreCondition([name, ...all.map(({ node }) => node)], size));
  }
}

/** A tensor of the call, which is read at integers. */
export interface ScoreTable {
  /**
   * The element at these indices, one for each axis, up to 4. An index below 0 counts as 0, and one behind
   * the end as the last. Errors: `INVALID_ARGUMENT` for an index that is no integer.
   */
  at(...index: readonly ScoreOperand[]): ScoreValue;
}

/** What functions of `score` compute with, beside the score. */
export interface ScoreVariables {
  /** Batch row, from 0. */
  readonly b: ScoreValue;
  /** Query head, from 0. */
  readonly h: ScoreValue;
  /** Position of the query, in key coordinates: its row + `queryOffset`. */
  readonly q: ScoreValue;
  /** Position of the key: its row. */
  readonly k: ScoreValue;
  /** The table of this name among the call's `tables`, f32 or f16. Its elements are numbers. */
  table(name: string): ScoreTable;
  /** The table of this name among the call's `tables`, i32. Its elements are integers. */
  integers(name: string): ScoreTable;
  /** A constant, as a number: `number(1).div(s)`. */
  number(value: number): ScoreValue;
  /** `yes` where the condition holds, else `no`. Both are computed; the other one leaves no trace. */
  select(condition: ScoreCondition, yes: ScoreOperand, no: ScoreOperand): ScoreValue;
}

function tableOf(kind: TableNode[0], name: string): ScoreTable {
  const checked = checkTableName(name);
  return {
    at(...index) {
      called(kind, [name, ...index]);
      const places = index.map((place) => valueOf(`${kind}('${checked}').at`, place));
      const node = checkTable([kind, checked, ...places.map((place) => place.node)]);
      return built(
        new ScoreValue(
          node,
          places.reduce((sum, { size }) => sum + size, 2),
        ),
      );
    },
  };
}

function select(condition: ScoreCondition, yes: ScoreOperand, no: ScoreOperand): ScoreValue {
  called('select', [condition, yes, no]);
  const test = conditionOf('select', condition);
  const [a, b] = [yes, no].map((operand) => valueOf('select', operand));
  return built(new ScoreValue(['select', test.node, a.node, b.node], test.size + a.size + b.size + 1));
}

function numberOf(value: number): ScoreValue {
  called('number', [value]);
  const { node } = valueOf('number', value);
  if (typeof value !== 'number') throw invalidScore('number to be given a constant', described(value));
  return built(isInteger(node) ? new ScoreValue(['float', node], 2) : new ScoreValue(node, 1));
}

const NAMES = ['b', 'h', 'q', 'k', 'table', 'integers', 'number', 'select'] as const;
const INDEX_NAMES: readonly string[] = ['b', 'h', 'q', 'k'] satisfies IndexVariable[];

const VALUES: ScoreVariables = {
  b: new ScoreValue('b', 1),
  h: new ScoreValue('h', 1),
  q: new ScoreValue('q', 1),
  k: new ScoreValue('k', 1),
  table: (name) => tableOf('table', name),
  integers: (name) => tableOf('integers', name),
  number: numberOf,
  select,
};

/**
 * The variables. Reading an index returns a new value; reading an unknown name throws. Names that no variable
 * can have (`then`, `toJSON`) are ignored.
 */
export const SCORE_VARIABLES: ScoreVariables = new Proxy(VALUES, {
  get(variables, name) {
    if (typeof name === 'string' && INDEX_NAMES.includes(name)) {
      called(name, []);
      return built(new ScoreValue(name as IndexVariable, 1));
    }
    const value: unknown = Reflect.get(variables, name);
    if (value !== undefined || typeof name === 'symbol' || name === 'then' || name === 'toJSON') return value;
    throw variableRefused(name, NAMES);
  },
});

/** The scaled score, as a new value. */
export function scoreVariable(): ScoreValue {
  called('s', []);
  return built(new ScoreValue('s', 1));
}

/** One object for all integers, one for all numbers and one for all conditions. */
export function standInFor(value: unknown): ScoreValue | ScoreCondition {
  if (!(value instanceof ScoreValue)) return ONE_CONDITION;
  return isInteger(value.node) ? ONE_INTEGER : ONE_NUMBER;
}

const ONE_INTEGER = new ScoreValue('q', 1);
const ONE_NUMBER = new ScoreValue('s', 1);
const ONE_CONDITION = new ScoreCondition(true, 1);

interface SizedValue {
  readonly node: ScoreNode;
  readonly size: number;
}

function valueOf(method: string, operand: ScoreOperand): SizedValue {
  if (operand instanceof ScoreValue) return operand;
  if (operand === Infinity) return { node: 'Infinity', size: 1 };
  if (operand === -Infinity) return { node: '-Infinity', size: 1 };
  if (typeof operand === 'number' && !Number.isNaN(operand)) return { node: operand, size: 1 };
  throw invalidScore(`${method} to be given a number, such as 2 or q.sub(k)`, described(operand));
}

function conditionOf(method: string, operand: ScoreCondition): ScoreCondition {
  if (operand instanceof ScoreCondition) return operand;
  const instead =
    typeof operand === 'boolean' ? ' (write q.eq(k), not q === k; q.ge(k).not(), not !q.ge(k))' : '';
  throw invalidScore(`${method} to be given a condition such as k.le(q)${instead}`, described(operand));
}

/** Describes a value that stands in place of an operand. */
export function described(operand: unknown): string {
  if (operand instanceof ScoreCondition) return `${writtenScore(operand.node)}, which is true or false`;
  return operand instanceof ScoreValue ? writtenScore(operand.node) : show(operand);
}
