// Rows of all lengths as few shapes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchesOf, bucketLength } from './batches.ts';

test('every row runs once, in a shape that fits', () => {
  const property = fc.property(
    fc.array(fc.integer({ min: 1, max: 4096 }), { maxLength: 80 }),
    fc.integer({ min: 1, max: 10_000 }),
    fc.boolean(),
    (lengths, batchTokens, padded) => {
      const batches = batchesOf(lengths, { maxLength: 4096, batchTokens, padded });
      expect(batches.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual(
        lengths.map((_, i) => i),
      );
      for (const { members, rows, length } of batches) {
        expect(Math.log2(rows) % 1).toBe(0);
        expect(rows).toBeGreaterThanOrEqual(members.length);
        expect(rows === 1 || rows * length <= batchTokens).toBe(true);
        for (const row of members) {
          if (padded) expect(lengths[row]).toBeLessThanOrEqual(length);
          else expect(lengths[row]).toBe(length);
        }
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('lengths are few', () => {
  const buckets = new Set(Array.from({ length: 4096 }, (_, i) => bucketLength(i + 1, 4096)));
  expect([...buckets]).toEqual([
    16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
  ]);
  expect(bucketLength(100, 102)).toBe(102);
});
