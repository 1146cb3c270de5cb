/**
 * The one way to compile a score: a backend says what each operation is in its own code, and this file walks
 * the tree. An operation that a backend lacks does not compile. Equal parts of a tree are compiled once.
 */
import { AttnError } from '../errors.ts';
import type { Comparison } from '../patterns/expression-tree.ts';
import {
  isInteger,
  isTest,
  type IndexVariable,
  type IntegerBinary,
  type IntegerUnary,
  type NumberBinary,
  type NumberUnary,
  type ScoreNode,
  type ScoreTest,
} from './score-tree.ts';

/** The code of a backend: `N` for a number, `I` for an integer, `T` for a test. */
export interface ScoreCode<N, I, T> {
  /** The score of the pair. */
  score(): N;
  variable(name: IndexVariable): I;
  /** A constant; ±∞ too. */
  number(value: number): N;
  integer(value: number): I;
  /** An integer as a number. */
  float(value: I): N;
  readonly numberUnary: { readonly [K in NumberUnary]: (x: N) => N };
  readonly numberBinary: { readonly [K in NumberBinary]: (a: N, b: N) => N };
  /** Integers wrap around at 32 bits. */
  readonly integerUnary: { readonly [K in IntegerUnary]: (x: I) => I };
  /** `div` and `mod` round towards −∞, and have positive divisors. */
  readonly integerBinary: { readonly [K in IntegerBinary]: (a: I, b: I) => I };
  /** With NaN all are false but `ne`. */
  readonly compareNumbers: { readonly [K in Comparison]: (a: N, b: N) => T };
  readonly compareIntegers: { readonly [K in Comparison]: (a: I, b: I) => T };
  truth(value: boolean): T;
  not(x: T): T;
  and(a: T, b: T): T;
  or(a: T, b: T): T;
  selectNumber(test: T, yes: N, no: N): N;
  selectInteger(test: T, yes: I, no: I): I;
  /** An element of a table of floats. Indices beyond the table's ends are moved to them. */
  table(name: string, index: readonly I[]): N;
  /** An element of a table of integers. */
  integers(name: string, index: readonly I[]): I;
}

/** Compiles parts of a tree. */
export class ScoreCompiler<N, I, T> {
  private readonly code: ScoreCode<N, I, T>;
  private readonly numbers = new Map<string, N>();
  private readonly ints = new Map<string, I>();
  private readonly tests = new Map<string, T>();

  constructor(code: ScoreCode<N, I, T>) {
    this.code = code;
  }

  /** The code of a tree as a number. */
  number(node: ScoreNode): N {
    return once(this.numbers, node, () => this.makeNumber(node));
  }

  /** The code of a tree of integers. */
  integer(node: ScoreNode): I {
    return once(this.ints, node, () => this.makeInteger(node));
  }

  /** The code of a test. */
  test(node: ScoreTest): T {
    return once(this.tests, node, () => this.makeTest(node));
  }

  /** Compiles a part of a tree of any kind: its code is there before that of what contains it. */
  part(node: ScoreNode | ScoreTest): void {
    if (isTest(node)) this.test(node);
    else if (isInteger(node)) this.integer(node);
    else this.number(node);
  }

  private makeNumber(node: ScoreNode): N {
    const { code } = this;
    if (typeof node === 'number') return code.number(node);
    if (node === 's') return code.score();
    if (node === 'Infinity' || node === '-Infinity') return code.number(Number(node));
    if (typeof node === 'string' || isInteger(node)) return code.float(this.integer(node));
    switch (node[0]) {
      case 'float':
        return this.number(node[1]);
      case 'neg':
      case 'abs':
      case 'exp':
      case 'log':
      case 'tanh':
      case 'sin':
      case 'cos':
        return code.numberUnary[node[0]](this.number(node[1]));
      case 'add':
      case 'sub':
      case 'mul':
      case 'div':
      case 'min':
      case 'max':
        return code.numberBinary[node[0]](this.number(node[1]), this.number(node[2]));
      case 'select':
        return code.selectNumber(this.test(node[1]), this.number(node[2]), this.number(node[3]));
      case 'table': {
        const [, name, ...index] = node;
        return code.table(
          name,
          index.map((place) => this.integer(place)),
        );
      }
      case 'mod':
      case 'integers':
        throw impossible(node);
      default:
        return node satisfies never;
    }
  }

  private makeInteger(node: ScoreNode): I {
    const { code } = this;
    if (typeof node === 'number') return code.integer(node);
    if (node === 's' || node === 'Infinity' || node === '-Infinity') throw impossible(node);
    if (typeof node === 'string') return code.variable(node);
    switch (node[0]) {
      case 'neg':
      case 'abs':
        return code.integerUnary[node[0]](this.integer(node[1]));
      case 'add':
      case 'sub':
      case 'mul':
      case 'div':
      case 'mod':
      case 'min':
      case 'max':
        return code.integerBinary[node[0]](this.integer(node[1]), this.integer(node[2]));
      case 'select':
        return code.selectInteger(this.test(node[1]), this.integer(node[2]), this.integer(node[3]));
      case 'integers': {
        const [, name, ...index] = node;
        return code.integers(
          name,
          index.map((place) => this.integer(place)),
        );
      }
      case 'float':
      case 'exp':
      case 'log':
      case 'tanh':
      case 'sin':
      case 'cos':
      case 'table':
        throw impossible(node);
      default:
        return node satisfies never;
    }
  }

  private makeTest(node: ScoreTest): T {
    const { code } = this;
    if (typeof node === 'boolean') return code.truth(node);
    switch (node[0]) {
      case 'not':
        return code.not(this.test(node[1]));
      case 'and':
      case 'or': {
        const [name, ...operands] = node;
        return operands.map((operand) => this.test(operand)).reduce((a, b) => code[name](a, b));
      }
      default: {
        const [name, a, b] = node;
        return isInteger(a) && isInteger(b)
          ? code.compareIntegers[name](this.integer(a), this.integer(b))
          : code.compareNumbers[name](this.number(a), this.number(b));
      }
    }
  }
}

function once<V>(cache: Map<string, V>, node: ScoreNode | ScoreTest, make: () => V): V {
  const key = JSON.stringify(node);
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const value = make();
  cache.set(key, value);
  return value;
}

/** `checkScoreTree` lets no such tree pass. */
function impossible(node: unknown): AttnError {
  return new AttnError(
    'INTERNAL',
    'core/score',
    `a part of a score has the wrong kind: ${JSON.stringify(node)}`,
  );
}
