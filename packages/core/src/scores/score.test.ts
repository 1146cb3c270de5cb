import { describe, expect, test } from 'vitest';
import { AttnError } from '../errors.ts';
import type { Json } from '../util/json-value.ts';
import { scoreFunction, type ScoreTables } from './evaluate-score.ts';
import { score, type ScoreFunction } from './score.ts';

/** A pair at which nothing is 0 or equal. */
const PAIR = { s: 0.75, b: 1, h: 2, q: 11, k: 5 };

const TABLES: ScoreTables = {
  t: { shape: [4], data: [10, 20, 30, 40] },
  grid: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
  ids: { shape: [12], data: Int32Array.from({ length: 12 }, (_, i) => 3 * i) },
};

function valueOf(expression: ScoreFunction | Json, pair: Partial<typeof PAIR> = {}): number {
  return scoreFunction(score(expression).tree, TABLES)({ ...PAIR, ...pair });
}

function failure(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (!(error instanceof AttnError)) throw error;
    expect(error.code).toBe('INVALID_ARGUMENT');
    return error.message;
  }
  throw new Error('nothing was thrown');
}

describe('what scores mean', () => {
  test.each<[string, ScoreFunction, number]>([
    ['the score itself', (s) => s, 0.75],
    ['arithmetic of numbers', (s) => s.mul(4).add(1).div(8).sub(0.25).neg(), -0.25],
    ['functions of numbers', (s) => s.exp().log().tanh().abs(), Math.tanh(0.75)],
    ['waves', (s) => s.sin().mul(4).add(s.cos()), 4 * Math.sin(0.75) + Math.cos(0.75)],
    ['the sine of an integer', (_, { q }) => q.sin(), Math.sin(11)],
    ['min, max and clamp', (s) => s.min(0.5).max(0.25).add(s.clamp(1, 2)), 1.5],
    ['softcap', (s) => s.softcap(0.5), 0.5 * Math.tanh(1.5)],
    ['indices are integers', (_, { b, h, q, k }) => q.sub(k).mul(h).add(b), 13],
    ['integers divide towards −∞', (_, { q, k }) => k.sub(q).div(4).add(k.sub(q).mod(4).mul(100)), 198],
    ['float makes a quotient', (_, { q }) => q.float().div(4), 2.75],
    ['an integer beside a number becomes one', (s, { q }) => s.add(q), 11.75],
    ['integers wrap around', (_, { q }) => q.mul(2 ** 30), -(2 ** 30)],
    ['whole constants beyond 32 bits are numbers', (_, { q }) => q.mul(2 ** 40), 11 * 2 ** 40],
    ['softcap of an integer', (_, { q }) => q.softcap(4), 4 * Math.tanh(11 / 4)],
    ['select', (s, { q, k, select }) => select(k.le(q), s, -Infinity), 0.75],
    ['conditions', (s, { q, k, select }) => select(k.gt(q).or(s.lt(0.5)).not().and(q.ne(k)), 1, 2.5), 1],
    ['a table', (_, { h, table }) => table('t').at(h), 30],
    [
      'a table beyond its ends',
      (_, { q, k, table }) =>
        table('t')
          .at(q)
          .add(table('t').at(k.sub(9))),
      50,
    ],
    ['a table of two axes', (_, { b, h, table }) => table('grid').at(b, h), 6],
    [
      'a table of integers as an index',
      (_, { b, integers, table }) => table('t').at(integers('ids').at(b)),
      40,
    ],
  ])('%s', (_, build, expected) => {
    expect(valueOf(build)).toBeCloseTo(expected, 12);
    const { tree, key } = score(build);
    const again = score(JSON.parse(JSON.stringify(score(build))) as Json);
    expect(again.tree).toEqual(tree);
    expect(again.key).toBe(key);
  });

  test('NaN: comparisons are false but ne, min and max are NaN, select takes no trace of the other', () => {
    const nan = { s: NaN };
    const { all } = { all: ['eq', 'lt', 'le', 'gt', 'ge'] as const };
    for (const name of all) expect(valueOf(['select', [name, 's', 0], 1, 2], nan)).toBe(2);
    expect(valueOf(['select', ['ne', 's', 0], 1, 2], nan)).toBe(1);
    expect(valueOf(['min', 's', 1], nan)).toBeNaN();
    expect(valueOf(['max', 's', 1], nan)).toBeNaN();
    expect(valueOf(['select', ['lt', 'k', 'q'], '-Infinity', 's'], nan)).toBe(-Infinity);
  });

  test('log of 0 is −∞, of less NaN', () => {
    expect(valueOf(['log', ['float', 0]])).toBe(-Infinity);
    expect(valueOf(['log', 's'], { s: -1 })).toBeNaN();
  });

  test('a loop over parts', () => {
    const sum: ScoreFunction = (s, { q, k, select }) =>
      [1, 2, 3].reduce((score, i) => score.add(select(q.mod(i).eq(k.mod(i)), 0.5, 0)), s);
    expect(valueOf(sum)).toBe(0.75 + 0.5 + 0.5 + 0.5);
  });
});

test('a score lists the tables that it reads', () => {
  const { tables } = score((s, { q, k, integers, table }) =>
    s.add(table('bias').at(integers('rows').at(q), k)),
  );
  expect(tables).toEqual({ bias: { rank: 2, isInteger: false }, rows: { rank: 1, isInteger: true } });
});

describe('what is refused', () => {
  /** Functions as a person writes them in JavaScript, where nothing checks types. */
  const javaScript = (text: string): ScoreFunction => new Function(`return ${text}`)() as ScoreFunction;

  test.each([
    ['(s, { q, k }) => s.sub(q - k)', 'q.sub(k), not q - k'],
    ['(s) => s * 2', 'an operator on s'],
    ['(s, { q, k, select }) => select(q >= k, s, 0)', 'q.ge(k), not q >= k'],
    ['(s, { q, k }) => (q.ge(k) ? s : s.mul(2))', 'select(a, b, c), not a ? b : c'],
    ['(s, { q, k }) => q === k ? s : s.neg()', 'q.eq(k), not q === k'],
    ['(s, { q, k, select }) => select(q.ge(k) && k.ge(3), s, 0)', 'a.and(b), not a && b'],
    ['(s, { q }) => s.add([1, 2, 3][q])', "write table('name').at(k)"],
    ['(score, b, h, q, k) => score', 'a function of 5 parameters'],
    ['(s, { head }) => s.add(head)', 'write h, not head'],
    ['(s, { kv_idx }) => s.add(kv_idx)', 'write k, not kv_idx'],
    ['(s) => s.times(2)', 'write "mul", not "times"'],
    ['(s, { q, k }) => q.ge(k)', 'q.ge(k), which is true or false'],
    ['(s) => {}', 'needs the word return'],
    ['async (s) => s', 'must not be async'],
    ['(s) => 1', 'got 1'],
    ['(s, { table }) => table("t").at(s)', 'to be read at integers'],
    ['(s, { q, table }) => table("t").at(q, q, q, q, q)', 'no more than 4 integers, got 5'],
    ['(s, { q, table }) => table("").at(q)', 'a table to be named by'],
    [
      '(s, { q, table }) => table("t").at(q).add(table("t").at(q, q))',
      'floats of 1 axes and floats of 2 axes',
    ],
    ['(s, { q, k }) => q.div(k)', 'does not depend on q, k or a table'],
    ['(s, { q }) => q.div(0)', 'a positive number, got 0'],
    ['(s) => s.mod(2)', 'mod to be given integers'],
    ['(s) => s.add(NaN)', 'add to be given a number'],
    ['(s, { q, select }) => select(true, s, q)', 'a condition such as k.le(q)'],
    ['(s) => { let x = s; for (let i = 0; i < 20; i++) x = x.add(x); return x; }', 'at most 4096 operations'],
  ])('%s', (text, expected) => {
    expect(failure(() => score(javaScript(text)))).toContain(expected);
  });

  test.each<[Json, string]>([
    [null, 'a number or an integer'],
    [['s', 'add', 1], 'the name of the operation comes first'],
    [['add', 's'], 'a number or an integer'],
    [['mod', 's', 2], 'mod to be given integers'],
    [['select', 's', 1, 2], 'a test that is true or false'],
    [['table', 'a b', 'q'], 'a table to be named by'],
    [['table', 'toString', 'q'], 'a table to be named by'],
    [['table'], 'a number or an integer'],
    [['div', 'q', ['integers', 'ids', 'b']], 'does not depend on q, k or a table'],
  ])('the JSON %j', (json, expected) => {
    expect(failure(() => score(json))).toContain(expected);
  });

  test('a tree that is too deep', () => {
    let deep: Json = 's';
    for (let i = 0; i < 100; i++) deep = ['neg', deep];
    expect(failure(() => score(deep))).toContain('more than 64 levels');
  });
});
