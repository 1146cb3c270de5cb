// What is hidden from a few queries is what the plan of a run hides.
import { full, GraphBuilder, i32, planAttention, keyPadding, type Tensor } from '@attn/core';
import { attentionProblem, PlanCache } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { lowerGraph } from '../lower.ts';
import { hiddenCells } from './hidden-input.ts';

const [batch, heads, queryLength, keyLength] = [2, 3, 5, 150];

test('keys of each batch row are hidden from all of its queries', () => {
  const shape = (length: number) => ({ dtype: 'f32', shape: [batch, heads, length, 4] }) as const;
  const specs = { q: shape(queryLength), k: shape(keyLength), v: shape(keyLength) };
  const problem = attentionProblem(specs, { pattern: full() });
  const sees = (row: number, key: number): boolean => (row === 0 ? key < 70 : key % 3 !== 0);
  const mask = [0, 1].map((row) => Array.from({ length: keyLength }, (_, key) => Number(sees(row, key))));
  const sizes = { batch, heads, queryLength, keyLength, queryOffset: 0 };
  const cells = hiddenCells(problem, planAttention(sizes, keyPadding({ mask })));
  expect(cells).toHaveLength(batch * queryLength * keyLength);
  cells.forEach((cell, i) => {
    const row = Math.floor(i / (queryLength * keyLength));
    expect(cell).toBe(sees(row, i % keyLength) ? 0 : -Infinity);
  });
});

test('runs of one plan are fed one tensor', async () => {
  const builder = new GraphBuilder();
  const input = (name: string, length: number) =>
    builder.input(name, { dtype: 'f32', shape: [1, heads, length, 4] });
  const keyLengths = builder.input('keyLengths', { dtype: 'i32', shape: [1] });
  const operands = { q: input('q', 1), k: input('k', keyLength), v: input('v', keyLength), keyLengths };
  const { out } = builder.attention(operands, { pattern: full() });
  const { planFeeds } = lowerGraph(builder.build({ out }), new PlanCache());
  const feed = async (length: number): Promise<Tensor> =>
    Object.values(await planFeeds[0].feeds({ keyLengths: i32([1], [length]) }))[0];
  expect(planFeeds).toHaveLength(1);
  const [first, again, other] = [await feed(10), await feed(10), await feed(11)];
  expect(again.data).toBe(first.data);
  expect([first.data[9], first.data[10], other.data[10]]).toEqual([0, -Infinity, 0]);
});
