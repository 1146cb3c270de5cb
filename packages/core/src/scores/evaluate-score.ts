/** What scores mean: a score as a function of a pair, in float64. */
import { AttnError } from '../errors.ts';
import { COMPARISON, type Comparison } from '../patterns/expression-tree.ts';
import { ScoreCompiler, type ScoreCode } from './compile-score.ts';
import type { IndexVariable, ScoreNode } from './score-tree.ts';

/** A pair of positions, and its score. */
export interface ScoredPair {
  readonly s: number;
  readonly b: number;
  readonly h: number;
  /** The query's position, in key coordinates. */
  readonly q: number;
  readonly k: number;
}

/** A table of plain numbers, row-major. */
export interface ScoreTableData {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The tables of a call, by the names that the score has for them. */
export type ScoreTables = Readonly<Record<string, ScoreTableData>>;

/** The place of an element of a table. Indices beyond its ends are moved to them. */
export function placeInTable(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((place, i, axis) => place * shape[axis] + Math.min(Math.max(i, 0), shape[axis] - 1), 0);
}

/** Functions of two integers of 32 bits. */
const INTEGER_MEANING: ScoreCode<number, number, boolean>['integerBinary'] = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  div: (a, b) => Math.floor(a / b),
  mod: (a, b) => a - b * Math.floor(a / b),
  min: Math.min,
  max: Math.max,
};

type OfPair<V> = (pair: ScoredPair) => V;

/**
 * The score as a function of a pair, in float64; integers have 32 bits.
 * @param round what happens to the result of each operation on numbers; by default nothing
 */
export function scoreFunction(
  tree: ScoreNode,
  tables: ScoreTables,
  round: (x: number) => number = (x) => x,
): (pair: ScoredPair) => number {
  return new ScoreCompiler(closures(tables, round)).number(tree);
}

/** A tree of integers that depends on batch row and head alone, as a function of them. */
export function integerFunction(tree: ScoreNode): (b: number, h: number) => number {
  const value = new ScoreCompiler(closures({}, Math.fround)).integer(tree);
  return (b, h) => value({ s: 0, b, h, q: 0, k: 0 });
}

function closures(
  tables: ScoreTables,
  round: (x: number) => number,
): ScoreCode<OfPair<number>, OfPair<number>, OfPair<boolean>> {
  type F = OfPair<number>;
  type T = OfPair<boolean>;
  const unary =
    (compute: (x: number) => number) =>
    (x: F): F =>
    (pair) =>
      compute(x(pair));
  const binary =
    (compute: (a: number, b: number) => number) =>
    (a: F, b: F): F =>
    (pair) =>
      compute(a(pair), b(pair));
  const rounded = (compute: (x: number) => number): ((x: F) => F) => unary((x) => round(compute(x)));
  const roundedBinary = (compute: (a: number, b: number) => number): ((a: F, b: F) => F) =>
    binary((a, b) => round(compute(a, b)));
  const comparison =
    (name: Comparison) =>
    (a: F, b: F): T =>
    (pair) =>
      COMPARISON[name](a(pair), b(pair));
  const comparisons = {
    eq: comparison('eq'),
    ne: comparison('ne'),
    lt: comparison('lt'),
    le: comparison('le'),
    gt: comparison('gt'),
    ge: comparison('ge'),
  };
  const select =
    (test: T, yes: F, no: F): F =>
    (pair) =>
      test(pair) ? yes(pair) : no(pair);
  const element = (name: string, index: readonly F[]): F => {
    const table = tables[name];
    if (table === undefined) throw new AttnError('MISSING_INPUT', 'core/score', `there is no table ${name}`);
    const { shape, data } = table;
    return (pair) =>
      data[
        placeInTable(
          shape,
          index.map((place) => place(pair)),
        )
      ];
  };
  const { add, sub, mul, div, mod, min, max } = INTEGER_MEANING;
  return {
    score:
      () =>
      ({ s }) =>
        s,
    variable: (name: IndexVariable) => (pair) => pair[name],
    number(value) {
      const constant = round(value);
      return () => constant;
    },
    integer: (value) => () => value,
    float: unary(round),
    numberUnary: {
      neg: rounded((x) => -x),
      abs: rounded(Math.abs),
      exp: rounded(Math.exp),
      log: rounded(Math.log),
      tanh: rounded(Math.tanh),
      sin: rounded(Math.sin),
      cos: rounded(Math.cos),
    },
    numberBinary: {
      add: roundedBinary((a, b) => a + b),
      sub: roundedBinary((a, b) => a - b),
      mul: roundedBinary((a, b) => a * b),
      div: roundedBinary((a, b) => a / b),
      min: roundedBinary(Math.min),
      max: roundedBinary(Math.max),
    },
    integerUnary: { neg: unary((x) => -x | 0), abs: unary((x) => Math.abs(x) | 0) },
    integerBinary: {
      add: binary(add),
      sub: binary(sub),
      mul: binary(mul),
      div: binary(div),
      mod: binary(mod),
      min: binary(min),
      max: binary(max),
    },
    compareNumbers: comparisons,
    compareIntegers: comparisons,
    truth: (value) => () => value,
    not: (x) => (pair) => !x(pair),
    and: (a, b) => (pair) => a(pair) && b(pair),
    or: (a, b) => (pair) => a(pair) || b(pair),
    selectNumber: select,
    selectInteger: select,
    table: element,
    integers: element,
  };
}
