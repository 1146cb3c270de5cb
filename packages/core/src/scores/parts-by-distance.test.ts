import { expect, test } from 'vitest';
import { scoreFunction, type ScoreTables } from './evaluate-score.ts';
import { partsByDistance, sumByDistance } from './parts-by-distance.ts';
import { score, type ScoreFunction } from './score.ts';

const parts = (expression: ScoreFunction): string[] => [...partsByDistance(score(expression).tree).keys()];

test.each<[string, ScoreFunction, string[]]>([
  ['the score alone', (s) => s, []],
  [
    'ALiBi',
    (s, { h, q, k, table }) => s.sub(table('slopes').at(h).mul(q.sub(k).abs())),
    ['["mul",["table","slopes","h"],["abs",["sub","q","k"]]]'],
  ],
  [
    'a table by distance, twice',
    (s, { q, k, table }) => s.mul(table('t').at(k.sub(q).add(7))).add(table('t').at(k.sub(q).add(7))),
    ['["table","t",["add",["sub","k","q"],7]]'],
  ],
  ['a distance beside a number', (s, { q, k }) => s.add(q.neg().add(k)), ['["add",["neg","q"],"k"]']],
  [
    'a test of the order, in a part and around the score',
    (s, { q, k, select }) => select(q.ge(k), s.add(select(k.le(q), 1.5, 0.5)), -Infinity),
    ['["select",["le","k","q"],1.5,0.5]'],
  ],
  ['a table by pair', (s, { q, k, table }) => s.add(table('t').at(q, k)), []],
  ['rows of an image', (s, { q, k, table }) => s.add(table('t').at(q.div(7).sub(k.div(7)))), []],
  ['a temperature', (s, { q }) => s.mul(q.float().log()), []],
  ['what is the same for all pairs', (s, { h, table }) => s.mul(table('t').at(h)), []],
  ['a test that leaves 32 bits', (s, { q, k, select }) => s.add(select(q.add(2 ** 31 - 9).gt(k), 1, 2)), []],
])('%s', (_, expression, expected) => {
  expect(parts(expression)).toEqual(expected);
});

test('a part is the same for pairs that are equally far apart', () => {
  const tree = score((s, { b, h, q, k, table, select }) =>
    s.add(select(q.ge(k), table('t').at(h, q.sub(k).mod(5).add(b)), k.sub(q).float().exp())),
  ).tree;
  const tables: ScoreTables = { t: { shape: [3, 9], data: Array.from({ length: 27 }, (_, i) => i ** 2) } };
  const matches = [...partsByDistance(tree).values()];
  expect(matches).toHaveLength(1);
  const value = scoreFunction(matches[0], tables);
  for (let distance = -6; distance <= 6; distance++) {
    const at = (q: number) => value({ s: NaN, b: 1, h: 2, q, k: q + distance });
    expect(at(20)).toBe(at(0));
  }
});

test.each<[string, ScoreFunction, rest: unknown, addends: unknown]>([
  ['nothing', (s) => s.mul(2), ['mul', 's', 2], []],
  ['one', (s, { q, k }) => s.sub(q.sub(k).abs()), 's', [{ part: ['abs', ['sub', 'q', 'k']], sign: -1 }]],
  [
    'two, on either side',
    (s, { q, k, table }) =>
      table('t')
        .at(k.sub(q))
        .add(s.exp().sub(k.sub(q))),
    ['exp', 's'],
    [
      { part: ['sub', 'k', 'q'], sign: -1 },
      { part: ['table', 't', ['sub', 'k', 'q']], sign: 1 },
    ],
  ],
  [
    'a score that is subtracted stays',
    (s, { q, k, table }) => table('t').at(k.sub(q)).sub(s),
    ['sub', ['table', 't', ['sub', 'k', 'q']], 's'],
    [],
  ],
])('a sum takes off %s', (_, expression, rest, addends) => {
  expect(sumByDistance(score(expression).tree)).toEqual({ rest, addends });
});
