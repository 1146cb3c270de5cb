/**
 * Random scores: trees over the score, positions, tables, integers and tests. Numbers are kept small, and
 * away from where a function has no bounded slope: there float32 may be anything, and no bound would follow.
 */
import { causal, full, slidingWindow, type Json } from '@attn/core';
import fc from 'fast-check';
import type { AttentionCaseSpec } from '../cases/attention/attention-case.ts';
import { presentable } from './arbitraries.ts';

/** A tree of numbers, and a bound of their size. */
interface Bounded {
  readonly tree: Json;
  readonly most: number;
}

/** Larger numbers are cut off before they are multiplied or made an exponent. */
const MOST = 8;

/** Numbers of attention scores in these calls, by a wide margin. */
const LARGEST_SCORE = 64;

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

/** A tree of integers. */
function integers(depth: number): fc.Arbitrary<Json> {
  const leaf = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Json>('b', 'h', 'q', 'k') },
    { weight: 1, arbitrary: fc.integer({ min: -3, max: 9 }) },
    { weight: 1, arbitrary: fc.constantFrom<Json>(123_456_789, -(2 ** 31)) },
  );
  if (depth === 0) return leaf;
  const part = integers(depth - 1);
  return fc.oneof(
    { weight: 1, arbitrary: leaf },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom('add', 'sub', 'mul', 'min', 'max'), part, part).map(list),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('neg', 'abs'), part).map(list) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('div', 'mod'), part, divisor).map(list),
    },
    { weight: 1, arbitrary: indices(depth).map((index): Json => ['integers', `i${index.length}`, ...index]) },
    {
      weight: 1,
      arbitrary: fc.tuple(tests(depth - 1), part, part).map((operands) => ['select', ...operands]),
    },
  );
}

const divisor: fc.Arbitrary<Json> = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.constantFrom<Json>(['add', 'h', 1], ['add', ['mul', 'b', 3], 2]),
);

function indices(depth: number): fc.Arbitrary<readonly Json[]> {
  return fc.array(integers(depth - 1), { maxLength: 4 });
}

/** A test. Only integers decide: a comparison of numbers is true or false by their last bits. */
function tests(depth: number): fc.Arbitrary<Json> {
  const compared = fc.tuple(fc.constantFrom(...COMPARISONS), integers(depth), integers(depth)).map(list);
  if (depth <= 0) return compared;
  const part = tests(depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: compared },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('and', 'or'), part, part).map(list) },
    { weight: 1, arbitrary: part.map((test): Json => ['not', test]) },
    { weight: 1, arbitrary: numberTest(depth - 1) },
  );
}

/** A test of numbers that are seldom near to one another. */
function numberTest(depth: number): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom('lt', 'le', 'gt', 'ge'), numbers(depth), fc.constantFrom(0.123, -0.77, 1.9))
    .map(([name, { tree }, bound]): Json => [name, tree, bound]);
}

function numbers(depth: number): fc.Arbitrary<Bounded> {
  const leaf: fc.Arbitrary<Bounded> = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ tree: 's', most: LARGEST_SCORE }) },
    { weight: 1, arbitrary: fc.constantFrom(-1.5, -0.25, 0.5, 2.75).map((tree) => ({ tree, most: 3 })) },
  );
  if (depth === 0) return leaf;
  const part = numbers(depth - 1);
  return fc.oneof(
    { weight: 1, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: indices(depth).map((index) => ({
        tree: ['table', `x${index.length}`, ...index],
        most: MOST,
      })),
    },
    { weight: 1, arbitrary: integers(depth - 1).map((tree) => ({ tree: ['float', tree], most: 2 ** 31 })) },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...BINARY), part, part).map(binary) },
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...UNARY), part).map(unary) },
    {
      weight: 1,
      arbitrary: fc.tuple(tests(depth - 1), part, part).map(([test, yes, no]) => ({
        tree: ['select', test, yes.tree, no.tree],
        most: Math.max(yes.most, no.most),
      })),
    },
  );
}

const BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const UNARY = ['neg', 'abs', 'exp', 'log', 'tanh', 'sin', 'cos'] as const;

function binary([name, a, b]: [(typeof BINARY)[number], Bounded, Bounded]): Bounded {
  const [x, y] = [small(a), small(b)];
  switch (name) {
    case 'mul':
      return { tree: [name, x, y], most: MOST ** 2 };
    case 'div':
      return { tree: [name, x, ['add', ['abs', y], 0.5]], most: 2 * MOST };
    case 'add':
    case 'sub':
      return { tree: [name, x, y], most: 2 * MOST };
    case 'min':
    case 'max':
      return { tree: [name, a.tree, b.tree], most: Math.max(a.most, b.most) };
    default:
      return name satisfies never;
  }
}

function unary([name, x]: [(typeof UNARY)[number], Bounded]): Bounded {
  switch (name) {
    case 'neg':
    case 'abs':
      return { tree: [name, x.tree], most: x.most };
    case 'exp':
      return { tree: [name, ['min', x.tree, 2.5]], most: 13 };
    case 'log':
      return { tree: [name, ['add', ['abs', small(x)], 0.25]], most: 3 };
    case 'tanh':
    case 'sin':
    case 'cos':
      return { tree: [name, x.tree], most: 1 };
    default:
      return name satisfies never;
  }
}

/** The number itself, or cut off. */
function small({ tree, most }: Bounded): Json {
  return most <= MOST ? tree : ['max', ['min', tree, MOST], -MOST];
}

function list(operands: readonly Json[]): Json {
  return operands;
}

/** Trees of a call, one for each head; a few hide pairs. */
const trees = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: numbers(3).map(small) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tests(1), numbers(2))
        .map(([test, number]): Json => [
          'select',
          ['or', test, ['eq', 'q', 'k']],
          small(number),
          '-Infinity',
        ]),
    },
  ),
  { minLength: 2, maxLength: 4 },
);

/** Calls with random scores. A kernel is compiled for each call, so that a call has a score for each head. */
export const arbitraryScoredCall: fc.Arbitrary<AttentionCaseSpec> = fc
  .record({
    pattern: fc.constantFrom(full(), causal(), slidingWindow({ before: 5, after: 3 })),
    n: fc.integer({ min: 7, max: 24 }),
    batch: fc.integer({ min: 1, max: 2 }),
    offset: fc.constantFrom(undefined, 0, 3),
    data: fc.constantFrom('bell', 'halves'),
    trees,
  })
  .map(({ trees: scores, ...call }) => {
    const [first, ...others] = scores.map((tree, head) => [tree, head] as const).reverse();
    const tree = others.reduce<Json>(
      (rest, [own, head]) => ['select', ['eq', 'h', head], own, rest],
      first[0],
    );
    return presentable({ ...call, heads: scores.length, score: JSON.stringify(tree) });
  });
