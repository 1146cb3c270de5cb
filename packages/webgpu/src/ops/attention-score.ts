/** The score's expression of a call in WGSL: each part of it is a line. */
import type { Score } from '@attn/core';
import { ScoreCompiler, type ScoreCode } from '@attn/core/backend';
import type { ScoreOptions } from '../kernels/attention/score.wgsl.ts';

/** What the attention kernel needs of a score, whose tables have these elements, in their order. */
export function scoreOptions(score: Score, elements: ScoreOptions['elements']): ScoreOptions {
  const lines: string[] = [];
  const result = new ScoreCompiler(wgslCode(lines, score)).number(score.tree);
  return { key: score.key, body: [...lines, `return ${result};`].join('\n'), elements };
}

function wgslCode(lines: string[], score: Score): ScoreCode<string, string, string> {
  const line = (value: string): string => {
    const name = `v${lines.length}`;
    lines.push(`let ${name} = ${value};`);
    return name;
  };
  const unary =
    (text: (x: string) => string) =>
    (x: string): string =>
      line(text(x));
  const binary =
    (text: (a: string, b: string) => string) =>
    (a: string, b: string): string =>
      line(text(a, b));
  const infix = (operator: string) => binary((a, b) => `${a} ${operator} ${b}`);
  const call = (name: string) => binary((a, b) => `${name}(${a}, ${b})`);
  /** Shader compilers may assume that no number is NaN. */
  const compared = (operator: string) => binary((a, b) => `areNumbers(${a}, ${b}) && ${a} ${operator} ${b}`);
  const select = (test: string, yes: string, no: string): string => line(`select(${no}, ${yes}, ${test})`);
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
      const extent = line(`plan[params.tableExtents + ${first + axis}u]`);
      return line(`${before === '' ? '' : `${before} * ${extent} + `}inside(${i}, ${extent})`);
    }, '');
    return `table${names.indexOf(name)}[${place === '' ? '0' : place}]`;
  };
  return {
    score: () => 's',
    variable: (name) => name,
    number: (value) => line(numberText(value)),
    integer: (value) => line(value === -(2 ** 31) ? 'i32(-2147483647 - 1)' : `i32(${value})`),
    float: unary((x) => `f32(${x})`),
    numberUnary: {
      neg: unary((x) => `-${x}`),
      abs: unary((x) => `abs(${x})`),
      exp: unary((x) => `exponential(${x})`),
      log: unary((x) => `logarithm(${x})`),
      tanh: unary((x) => `hyperbolicTangent(${x})`),
      sin: unary((x) => `sine(${x})`),
      cos: unary((x) => `cosine(${x})`),
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
    },
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
    table: (name, index) => line(`f32(${element(name, index)})`),
    integers: (name, index) => line(element(name, index)),
  };
}

/** A constant. Those that are infinite come from functions, because constants may not be. */
function numberText(value: number): string {
  const rounded = Math.fround(value);
  if (rounded === -Infinity) return 'minusInfinity()';
  if (rounded === Infinity) return '(-minusInfinity())';
  return `f32(${rounded})`;
}
