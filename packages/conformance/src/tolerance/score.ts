/**
 * How far off a score's expression may be: every number with a bound on its error, through one operation
 * after another. Integers are exact. A comparison of numbers that are too near to tell may be true and
 * false, and what is selected by it may be either.
 */
import {
  placeInTable,
  ScoreCompiler,
  type ScoreCode,
  type ScoreNode,
  type ScoreTables,
  type IndexVariable,
} from '@attn/core/backend';
import { spread } from './pointwise.ts';
import { ELEMENTARY, expError, TINY, UNIT } from './rounding.ts';

/** A number, and how far off it may be. */
export interface Approximate {
  readonly value: number;
  readonly error: number;
}

/** A pair of positions with its score. */
interface Pair {
  readonly s: Approximate;
  readonly b: number;
  readonly h: number;
  readonly q: number;
  readonly k: number;
}

/** An integer; one that was selected by an uncertain comparison may be another. */
interface Whole {
  readonly value: number;
  readonly isCertain: boolean;
}

/** What a test is, and whether it may be otherwise. */
interface Truth {
  readonly value: boolean;
  readonly isCertain: boolean;
}

type Of<V> = (pair: Pair) => V;

/** The score of a pair, and how far off it may be. */
export function approximateScore(tree: ScoreNode, tables: ScoreTables): (pair: Pair) => Approximate {
  return new ScoreCompiler(approximations(tables)).number(tree);
}

/** A result with a bound. Infinities and NaN are exact; a bound that is NaN bounds nothing. */
function approximate(value: number, error: number): Approximate {
  if (!Number.isFinite(value)) return { value, error: 0 };
  return { value, error: Number.isNaN(error) ? Infinity : error };
}

/** A sum or product, rounded once if a float32 does not have it. */
function rounded(value: number, error: number): Approximate {
  if (error === 0 && Math.fround(value) === value && (value === 0 || Math.abs(value) >= TINY))
    return { value, error };
  return approximate(value, error + UNIT * (Math.abs(value) + error) + TINY);
}

/** A function that grows with both numbers: it lies between its values at their least and their greatest. */
function between(f: (a: number, b: number) => number): (a: Approximate, b: Approximate) => Approximate {
  return (a, b) => {
    const value = f(a.value, b.value);
    const [low, high] = [f(a.value - a.error, b.value - b.error), f(a.value + a.error, b.value + b.error)];
    return approximate(value, Math.max(value - low, high - value));
  };
}

const NUMBERS = {
  add: (a, b) => rounded(a.value + b.value, a.error + b.error),
  sub: (a, b) => rounded(a.value - b.value, a.error + b.error),
  mul: (a, b) =>
    rounded(a.value * b.value, Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error),
  // Division in WGSL is within 2.5 units in the last place.
  div: (a, b) => {
    const value = a.value / b.value;
    const least = Math.abs(b.value) - b.error;
    const moved = least > 0 ? (a.error + Math.abs(value) * b.error) / least : b.value === 0 ? 0 : Infinity;
    return approximate(value, moved + 8 * UNIT * Math.abs(value) + TINY);
  },
  min: between(Math.min),
  max: between(Math.max),
} satisfies Record<string, (a: Approximate, b: Approximate) => Approximate>;

/** Backends know sines and cosines of so many radians. */
const MOST_RADIANS = 2 ** 27;

/** A sine or cosine: it moves by no more than its argument, and by no more than 2. */
function wave(f: (x: number) => number): (x: Approximate) => Approximate {
  return ({ value: x, error }) => {
    const isFar = Math.abs(x) + error > MOST_RADIANS;
    return approximate(f(x), isFar ? 2 : Math.min(2, error + ELEMENTARY));
  };
}

const FUNCTIONS = {
  neg: ({ value, error }) => ({ value: -value, error }),
  abs: ({ value, error }) => ({ value: Math.abs(value), error }),
  exp: ({ value: x, error }) => {
    const value = Math.exp(x);
    return approximate(value, spread(Math.exp, x, error) + expError(x) * value + TINY);
  },
  // WGSL allows 2⁻²¹ near 1, and 3 units in the last place elsewhere.
  log: ({ value: x, error }) => {
    const value = Math.log(x);
    return approximate(value, spread(Math.log, x, error) + ELEMENTARY + 8 * UNIT * Math.abs(value));
  },
  tanh: ({ value: x, error }) => approximate(Math.tanh(x), spread(Math.tanh, x, error) + ELEMENTARY),
  sin: wave(Math.sin),
  cos: wave(Math.cos),
} satisfies Record<string, (x: Approximate) => Approximate>;

function approximations(tables: ScoreTables): ScoreCode<Of<Approximate>, Of<Whole>, Of<Truth>> {
  const unary =
    (compute: (x: Approximate) => Approximate) =>
    (x: Of<Approximate>): Of<Approximate> =>
    (pair) =>
      compute(x(pair));
  const binary =
    (compute: (a: Approximate, b: Approximate) => Approximate) =>
    (a: Of<Approximate>, b: Of<Approximate>): Of<Approximate> =>
    (pair) =>
      compute(a(pair), b(pair));
  const whole =
    (compute: (...values: number[]) => number) =>
    (...operands: readonly Of<Whole>[]): Of<Whole> =>
    (pair) => {
      const values = operands.map((operand) => operand(pair));
      return {
        value: compute(...values.map(({ value }) => value)) | 0,
        isCertain: values.every(({ isCertain }) => isCertain),
      };
    };
  const compare =
    (holds: (a: number, b: number) => boolean) =>
    (a: Of<Approximate>, b: Of<Approximate>): Of<Truth> =>
    (pair) => {
      const [x, y] = [a(pair), b(pair)];
      const isNear = Math.abs(x.value - y.value) <= x.error + y.error;
      return { value: holds(x.value, y.value), isCertain: x.error + y.error === 0 || !isNear };
    };
  const compareWhole =
    (holds: (a: number, b: number) => boolean) =>
    (a: Of<Whole>, b: Of<Whole>): Of<Truth> =>
    (pair) => {
      const [x, y] = [a(pair), b(pair)];
      return { value: holds(x.value, y.value), isCertain: x.isCertain && y.isCertain };
    };
  const place = (
    name: string,
    index: readonly Of<Whole>[],
    pair: Pair,
  ): { at: number; isCertain: boolean } => {
    const values = index.map((each) => each(pair));
    return {
      at: placeInTable(
        tables[name].shape,
        values.map(({ value }) => value),
      ),
      isCertain: values.every(({ isCertain }) => isCertain),
    };
  };
  return {
    score:
      () =>
      ({ s }) =>
        s,
    variable: (name: IndexVariable) => (pair) => ({ value: pair[name], isCertain: true }),
    number: (value) => () => approximate(value, Math.abs(Math.fround(value) - value)),
    integer: (value) => () => ({ value, isCertain: true }),
    float: (integer) => (pair) => {
      const { value, isCertain } = integer(pair);
      return isCertain ? rounded(value, 0) : { value, error: Infinity };
    },
    numberUnary: {
      neg: unary(FUNCTIONS.neg),
      abs: unary(FUNCTIONS.abs),
      exp: unary(FUNCTIONS.exp),
      log: unary(FUNCTIONS.log),
      tanh: unary(FUNCTIONS.tanh),
      sin: unary(FUNCTIONS.sin),
      cos: unary(FUNCTIONS.cos),
    },
    numberBinary: {
      add: binary(NUMBERS.add),
      sub: binary(NUMBERS.sub),
      mul: binary(NUMBERS.mul),
      div: binary(NUMBERS.div),
      min: binary(NUMBERS.min),
      max: binary(NUMBERS.max),
    },
    integerUnary: { neg: whole((x) => -x), abs: whole(Math.abs) },
    integerBinary: {
      add: whole((a, b) => a + b),
      sub: whole((a, b) => a - b),
      mul: whole(Math.imul),
      div: whole((a, b) => Math.floor(a / b)),
      mod: whole((a, b) => ((a % b) + b) % b),
      min: whole(Math.min),
      max: whole(Math.max),
    },
    compareNumbers: {
      eq: compare((a, b) => a === b),
      ne: compare((a, b) => a !== b),
      lt: compare((a, b) => a < b),
      le: compare((a, b) => a <= b),
      gt: compare((a, b) => a > b),
      ge: compare((a, b) => a >= b),
    },
    compareIntegers: {
      eq: compareWhole((a, b) => a === b),
      ne: compareWhole((a, b) => a !== b),
      lt: compareWhole((a, b) => a < b),
      le: compareWhole((a, b) => a <= b),
      gt: compareWhole((a, b) => a > b),
      ge: compareWhole((a, b) => a >= b),
    },
    truth: (value) => () => ({ value, isCertain: true }),
    not: (x) => (pair) => {
      const { value, isCertain } = x(pair);
      return { value: !value, isCertain };
    },
    and: (a, b) => (pair) => joined(a(pair), b(pair), false),
    or: (a, b) => (pair) => joined(a(pair), b(pair), true),
    selectNumber: (test, yes, no) => (pair) => {
      const { value, isCertain } = test(pair);
      const [chosen, other] = value ? [yes(pair), no(pair)] : [no(pair), yes(pair)];
      if (isCertain) return chosen;
      const away = Math.abs(other.value - chosen.value) + other.error;
      return approximate(chosen.value, Math.max(chosen.error, away));
    },
    selectInteger: (test, yes, no) => (pair) => {
      const { value, isCertain } = test(pair);
      const chosen = (value ? yes : no)(pair);
      return { value: chosen.value, isCertain: chosen.isCertain && isCertain };
    },
    table: (name, index) => (pair) => {
      const { at, isCertain } = place(name, index, pair);
      const value = tables[name].data[at];
      return isCertain ? rounded(value, 0) : approximate(value, Infinity);
    },
    integers: (name, index) => (pair) => {
      const { at, isCertain } = place(name, index, pair);
      return { value: tables[name].data[at], isCertain };
    },
  };
}

/** `or` with a decisive true, `and` with a decisive false: a certain decisive operand decides. */
function joined(a: Truth, b: Truth, decisive: boolean): Truth {
  const value = a.value === decisive || b.value === decisive ? decisive : !decisive;
  const isDecided = [a, b].some((each) => each.isCertain && each.value === decisive);
  return { value, isCertain: isDecided || (a.isCertain && b.isCertain) };
}
