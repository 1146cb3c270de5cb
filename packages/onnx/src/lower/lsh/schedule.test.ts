// Lists of blocks: every place has one result, keys are those of the definition, and no step exceeds its
// limit.
import { lshProblem, type LshAttentionAttributes, type LshProblem } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { scheduleChunks } from './schedule.ts';

function problemOf(
  length: number,
  attributes: LshAttentionAttributes,
  { batch = 1, heads = 2, rounds = 2 }: { batch?: number; heads?: number; rounds?: number } = {},
): LshProblem {
  const shape = [batch, heads, length, 4];
  return lshProblem(
    { q: { shape }, v: { shape }, order: { shape: [batch, heads, rounds, length] } },
    attributes,
  );
}

const reaches: readonly Omit<LshAttentionAttributes, 'chunkLength'>[] = [
  {},
  { wrap: true },
  { causal: true },
  { chunksBefore: 0 },
  { chunksBefore: 3, chunksAfter: 2, wrap: true },
];
const lengths: readonly (readonly [number, number])[] = [
  [1, 1],
  [8, 1],
  [16, 4],
  [17, 4],
  [5, 16],
  [64, 13],
];

describe.each(reaches)('%o', (reachAttributes) => {
  test.each(lengths)('%i tokens in chunks of %i: every place has a result of its own', (length, chunk) => {
    for (const stepLogits of [1, 50, 700, 2 ** 17]) {
      for (const rounds of [1, 3]) {
        const problem = problemOf(
          length,
          { ...reachAttributes, chunkLength: chunk },
          { batch: 2, heads: 3, rounds },
        );
        const plan = scheduleChunks(problem, { stepLogits, hidesKeys: false });
        const { rows, chunkLength, cycle, heads, groups, reach } = plan;
        expect(heads * groups).toBe(6);
        /** The place of each result. */
        const places = plan.bins.flatMap(({ starts }) =>
          [...starts].flatMap((start) => Array.from({ length: rows }, (_, row) => start + row)),
        );
        const placeOfResult = Array.from({ length: heads * cycle * chunkLength }, (_, place) => {
          const { chunk: resultOfChunk, within } = plan.results;
          return places[resultOfChunk[Math.floor(place / chunkLength)] + within[place % chunkLength]];
        });
        expect(placeOfResult).toEqual(placeOfResult.map((_, place) => place));
        // Steps are as small as they should be.
        const keys = reach * chunkLength;
        for (const { blocks } of plan.bins)
          expect(blocks === 1 || blocks * rows * keys <= stepLogits).toBe(true);
        expect((rows - 1) * keys).toBeLessThan(stepLogits);
      }
    }
  });
});

const OPTIONS = { stepLogits: 2 ** 17, hidesKeys: false };

describe('neighbours', () => {
  const nearOf = (
    attributes: LshAttentionAttributes,
    sizes?: Parameters<typeof problemOf>[2],
  ): Record<string, number[][]> => {
    const { bins, reach } = scheduleChunks(problemOf(8, attributes, sizes), OPTIONS);
    const lists = bins.map(({ isDiagonal, near }): [string, number[][]] => [
      isDiagonal ? 'diagonal' : 'compared',
      Array.from({ length: near.length / reach }, (_, i) => [...near.subarray(i * reach, (i + 1) * reach)]),
    ]);
    return Object.fromEntries(lists);
  };
  const oneHead = { heads: 1, rounds: 2 };
  test('in a cycle of all rounds', () => {
    expect(nearOf({ chunkLength: 2, wrap: true }, oneHead)).toEqual({
      diagonal: [
        [0, 1],
        [1, 2],
        [2, 3],
        [4, 5],
        [5, 6],
        [6, 7],
      ],
      compared: [
        [7, 0],
        [3, 4],
      ],
    });
  });
  test('with ends: a missing neighbour is the chunk after the last', () => {
    expect(nearOf({ chunkLength: 4, chunksBefore: 5 }, oneHead)).toEqual({
      diagonal: [
        [0, 1],
        [2, 3],
      ],
      compared: [
        [4, 0],
        [4, 2],
      ],
    });
  });
  test('of several heads, each by itself', () => {
    expect(nearOf({ chunkLength: 4, wrap: true, causal: true }, { heads: 2, rounds: 1 })).toEqual({
      compared: [
        [1, 0],
        [0, 1],
        [3, 2],
        [2, 3],
      ],
    });
  });
  test('within buckets: chunks of other rounds are missing', () => {
    expect(nearOf({ chunkLength: 4, wrap: true, withinBuckets: true }, oneHead)).toEqual({
      compared: [
        [4, 0],
        [0, 1],
        [4, 2],
        [2, 3],
      ],
    });
  });
});

test('a chunk of thousands is cut into blocks, the last one overlapping', () => {
  const { rows, bins } = scheduleChunks(problemOf(1000, { chunkLength: 1000 }), OPTIONS);
  expect(rows).toBe(125);
  expect([...bins[0].starts.subarray(0, 8)]).toEqual([0, 125, 250, 375, 500, 625, 750, 875]);
  const odd = scheduleChunks(problemOf(1001, { chunkLength: 1001 }), OPTIONS);
  expect(odd.rows).toBe(126);
  expect([...odd.bins[0].starts.subarray(0, 8)]).toEqual([0, 126, 252, 378, 504, 630, 756, 875]);
});
