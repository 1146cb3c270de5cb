import { full, score, type ScoreFunction } from '@attn/core';
import { attentionProblem } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { takePairTable } from './pair-table.ts';

const [BATCH, HEADS, QUERIES, KEYS] = [2, 3, 5, 7];

const resultOf = (expression: ScoreFunction, shape: readonly number[], queryOffset = 0) => {
  const operand = (n: number) => ({ dtype: 'f32', shape: [BATCH, HEADS, n, 4] }) as const;
  const specs = { q: operand(QUERIES), k: operand(KEYS), v: operand(KEYS) };
  const problem = attentionProblem(specs, { pattern: full(), queryOffset });
  return takePairTable(score(expression).tree, () => shape, problem);
};

test.each<[string, ScoreFunction, shape: number[], asBias: number[], tree: unknown]>([
  ['all pairs', (s, { q, k, table }) => s.add(table('t').at(q, k)), [5, 7], [1, 1, 5, 7], 's'],
  [
    'all pairs of all heads',
    (s, { b, h, q, k, table }) => table('t').at(b, h, q, k).add(s),
    [2, 3, 5, 7],
    [2, 3, 5, 7],
    's',
  ],
  ['keys of batch rows', (s, { b, k, table }) => s.add(table('t').at(b, k)), [2, 7], [2, 1, 1, 7], 's'],
  [
    'all pairs, and distances',
    (s, { q, k, table }) => s.add(table('t').at(q, k)).sub(q.sub(k).abs()),
    [5, 7],
    [1, 1, 5, 7],
    ['sub', 's', ['abs', ['sub', 'q', 'k']]],
  ],
])('a table of %s', (_, expression, shape, asBias, tree) => {
  expect(resultOf(expression, shape)).toEqual({ table: 't', shape: asBias, tree });
});

test.each<[string, ScoreFunction, shape: number[], queryOffset?: number]>([
  ['is smaller', (s, { q, k, table }) => s.add(table('t').at(q, k)), [5, 6]],
  ['is larger', (s, { q, k, table }) => s.add(table('t').at(q, k)), [6, 7]],
  ['has another order', (s, { q, k, table }) => s.add(table('t').at(k, q)), [7, 5]],
  ['is read at other places', (s, { q, k, table }) => s.add(table('t').at(q, k.add(1))), [5, 7]],
  ['has no axis of keys', (s, { q, table }) => s.add(table('t').at(q)), [5]],
  ['is subtracted', (s, { q, k, table }) => s.sub(table('t').at(q, k)), [5, 7]],
  ['meets another score', (s, { q, k, table }) => s.mul(2).add(table('t').at(q, k)), [5, 7]],
  ['begins at later queries', (s, { q, k, table }) => s.add(table('t').at(q, k)), [5, 7], 2],
])('a table that %s stays', (_, expression, shape, queryOffset) => {
  expect(resultOf(expression, shape, queryOffset)).toBeUndefined();
});
