/** Which heads are in one batch. */
import { full } from '@attn/core';
import { attentionProblem } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { headBatches, overlapsCopies } from './batches.ts';

function batches(heads: number, kvHeads: number, queries: number, keys: number, batch = 1) {
  const spec = (count: number, length: number) =>
    ({ dtype: 'f32', shape: [batch, count, length, 64] }) as const;
  const problem = attentionProblem(
    { q: spec(heads, queries), k: spec(kvHeads, keys), v: spec(kvHeads, keys) },
    { pattern: full() },
  );
  return headBatches(
    problem,
    Int32Array.from({ length: batch * heads }, (_, index) => index),
  );
}

function sizes(...of: Parameters<typeof batches>): (readonly [members: number, owners: number])[] {
  return batches(...of).map(({ members, owners }) => [members.length, owners.length] as const);
}

test('short heads are all in one batch, long heads have a batch each', () => {
  expect(sizes(8, 8, 64, 64)).toEqual([[8, 8]]);
  expect(sizes(3, 3, 65_536, 65_536)).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
});

test('a batch has a few megabytes', () => {
  // Each head has 1 MiB of q and out, and 1 MiB of k and v.
  expect(sizes(10, 10, 2048, 2048)).toEqual([
    [4, 4],
    [4, 4],
    [2, 2],
  ]);
});

test('query heads that share keys have them once, however long these are', () => {
  expect(sizes(8, 2, 1, 65_536)).toEqual([
    [4, 1],
    [4, 1],
  ]);
  // Each head has 4 MiB of queries and results: two fit at a time.
  expect(sizes(4, 1, 8192, 65_536)).toEqual([
    [2, 1],
    [2, 1],
  ]);
});

test('heads know whose keys they see, by batch row', () => {
  const [{ members, owners }] = batches(4, 2, 16, 16, 2);
  expect(owners).toEqual([
    { batchRow: 0, kvHead: 0 },
    { batchRow: 0, kvHead: 1 },
    { batchRow: 1, kvHead: 0 },
    { batchRow: 1, kvHead: 1 },
  ]);
  expect(members.map(({ owner }) => owner)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(members[5]).toEqual({ batchRow: 1, head: 1, owner: 2 });
});

test('the calling thread copies while helpers compute if there are helpers, and more than one batch', () => {
  const [single, four] = [batches(8, 8, 64, 64), batches(4, 4, 8192, 8192)];
  expect(overlapsCopies(four, 2)).toBe(true);
  expect(overlapsCopies(four, 1)).toBe(false);
  expect(overlapsCopies(single, 2)).toBe(false);
});
