/**
 * The score's expression of a call as a WGSL function of a pair, `scored(s, b, h, q, k)`. Each part of the
 * expression is a line of it.
 */
import type { Score } from '@attn/core';
import { ScoreCompiler, type Comparison, type ScoreCode } from '@attn/core/backend';
import { wgsl } from '../template.ts';
import type { FloatElement } from '../wgsl.ts';

/** A score, and how its tables are stored. */
export interface ScoreOptions {
  readonly score: Score;
  /** The element type of each of its tables, in their order. */
  readonly elements: readonly (FloatElement | 'i32')[];
}

/** The buffers of the tables, in their order: `table0`, `table1`, … */
export function scoreBuffers({ elements }: ScoreOptions): Record<string, string> {
  return Object.fromEntries(elements.map((element, index) => [`table${index}`, element]));
}

/** The name of a variant: what its code depends on. */
export function scoreName({ score, elements }: ScoreOptions): string {
  return [score.key, ...elements].join(',');
}

/**
 * Declares `scored`. `extents` is a WGSL expression of where the extents of all tables begin in the words of
 * `plan`, one table's after another's.
 */
export function declareScored({ score }: ScoreOptions, extents: string): string {
  const lines: string[] = [];
  const result = new ScoreCompiler(wgslCode(lines, score, extents)).number(score.tree);
  return wgsl`
    // The lesser, and the greater, of two numbers; NaN if one is NaN.
    fn leastOf(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, isNotANumber(b)), a, isNotANumber(a)); }
    fn mostOf(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNotANumber(b)), a, isNotANumber(a)); }

    // Whether both are numbers, which can be compared.
    fn areNumbers(a: f32, b: f32) -> bool { return !isNotANumber(a) && !isNotANumber(b); }

    // eˣ; exp itself may be anything beyond the range of f32.
    fn exponential(x: f32) -> f32 {
      if (isNotANumber(x)) { return x; }
      if (x > 88.72284) { return -minusInfinity(); }
      return exp(x);
    }

    fn logarithm(x: f32) -> f32 {
      if (isNotANumber(x) || x == -minusInfinity()) { return x; }
      if (x == 0.0) { return minusInfinity(); }
      return select(log(x), nan(), x < 0.0);
    }

    // Near 0 by its series, which has the precision that 1 − 2 / (e + 1) loses there.
    fn hyperbolicTangent(x: f32) -> f32 {
      if (isNotANumber(x)) { return x; }
      // exp overflows beyond this, and tanh is 1 long before.
      let y = clamp(x, -20.0, 20.0);
      if (abs(y) < 0.1) {
        let z = y * y;
        return y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885)));
      }
      let e = exp(2.0 * abs(y));
      return sign(y) * (1.0 - 2.0 / (e + 1.0));
    }

    // Quotient and remainder that round towards −∞; b is above 0.
    fn remainderOf(a: i32, b: i32) -> i32 {
      let remainder = a % b;
      return select(remainder, remainder + b, remainder < 0);
    }
    fn quotientOf(a: i32, b: i32) -> i32 { return a / b - select(0, 1, a % b < 0); }

    // The index that a table has there, or the nearest.
    fn inside(index: i32, extent: u32) -> u32 { return u32(clamp(index, 0, i32(extent) - 1)); }

    fn scored(s: f32, b: i32, h: i32, q: i32, k: i32) -> f32 {
      ${lines.join('\n')}
      return ${result};
    }`;
}

function wgslCode(lines: string[], score: Score, extents: string): ScoreCode<string, string, string> {
  const named = (value: string): string => {
    const name = `v${lines.length}`;
    lines.push(`let ${name} = ${value};`);
    return name;
  };
  const unary =
    (text: (x: string) => string) =>
    (x: string): string =>
      named(text(x));
  const binary =
    (text: (a: string, b: string) => string) =>
    (a: string, b: string): string =>
      named(text(a, b));
  const infix = (operator: string) => binary((a, b) => `${a} ${operator} ${b}`);
  const call = (name: string) => binary((a, b) => `${name}(${a}, ${b})`);
  /** Shader compilers may assume that no number is NaN. */
  const compared = (operator: string) => binary((a, b) => `areNumbers(${a}, ${b}) && ${a} ${operator} ${b}`);
  const select = (test: string, yes: string, no: string): string => named(`select(${no}, ${yes}, ${test})`);
  const names = Object.keys(score.tables);
  const firstExtents = new Map<string, number>();
  let extentCount = 0;
  for (const [name, { rank }] of Object.entries(score.tables)) {
    firstExtents.set(name, extentCount);
    extentCount += rank;
  }
  const element = (name: string, index: readonly string[]): string => {
    const first = firstExtents.get(name) ?? 0;
    const place = index.reduce((before, i, axis) => {
      const extent = named(`plan[${extents} + ${first + axis}u]`);
      return named(`${before === '' ? '' : `${before} * ${extent} + `}inside(${i}, ${extent})`);
    }, '');
    return `table${names.indexOf(name)}[${place === '' ? '0' : place}]`;
  };
  return {
    score: () => 's',
    variable: (name) => name,
    number: numberText,
    integer: (value) => named(value === -(2 ** 31) ? 'i32(-2147483647 - 1)' : `i32(${value})`),
    float: unary((x) => `f32(${x})`),
    numberUnary: {
      neg: unary((x) => `-${x}`),
      abs: unary((x) => `abs(${x})`),
      exp: unary((x) => `exponential(${x})`),
      log: unary((x) => `logarithm(${x})`),
      tanh: unary((x) => `hyperbolicTangent(${x})`),
    },
    numberBinary: {
      add: infix('+'),
      sub: infix('-'),
      mul: infix('*'),
      div: infix('/'),
      min: call('leastOf'),
      max: call('mostOf'),
    },
    integerUnary: { neg: unary((x) => `-${x}`), abs: unary((x) => `abs(${x})`) },
    integerBinary: {
      add: infix('+'),
      sub: infix('-'),
      mul: infix('*'),
      div: call('quotientOf'),
      mod: call('remainderOf'),
      min: call('min'),
      max: call('max'),
    },
    compareNumbers: {
      eq: compared('=='),
      ne: binary((a, b) => `!areNumbers(${a}, ${b}) || ${a} != ${b}`),
      lt: compared('<'),
      le: compared('<='),
      gt: compared('>'),
      ge: compared('>='),
    } satisfies Record<Comparison, unknown>,
    compareIntegers: {
      eq: infix('=='),
      ne: infix('!='),
      lt: infix('<'),
      le: infix('<='),
      gt: infix('>'),
      ge: infix('>='),
    },
    truth: (value) => String(value),
    not: unary((x) => `!${x}`),
    and: infix('&&'),
    or: infix('||'),
    selectNumber: select,
    selectInteger: select,
    table: (name, index) => named(`f32(${element(name, index)})`),
    integers: (name, index) => named(element(name, index)),
  };
}

/** A constant. Those that are infinite come from functions, because constants may not be. */
function numberText(value: number): string {
  const rounded = Math.fround(value);
  if (rounded === -Infinity) return 'minusInfinity()';
  if (rounded === Infinity) return '(-minusInfinity())';
  return `f32(${rounded})`;
}
