/** Rounds as tiles allow the pairs of the definition of LSH attention, as often as it lists them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lshPairs } from '../ops/lsh-attention/pairs.ts';
import { lshProblem, type LshAttentionAttributes } from '../ops/lsh-attention/spec.ts';
import { mulberry32 } from '../util/mulberry32.ts';
import { TILE } from './block-plan.ts';
import { ChunkPlan } from './chunk-plan.ts';
import { expandBlock } from './expand.testing.ts';
import type { ChunkData } from './meetings.ts';

/** Orders sorted by random buckets, as a run would have them. */
function randomData(
  rounds: number,
  length: number,
  buckets: number,
  masked: boolean,
  seed: number,
): Required<ChunkData> {
  const random = mulberry32(seed);
  const bucketOf = Int32Array.from({ length: rounds * length }, () => random() % buckets);
  const order = new Int32Array(rounds * length);
  for (let r = 0; r < rounds; r++) {
    const row = Array.from({ length }, (_, i) => i);
    row.sort((a, b) => bucketOf[r * length + a] - bucketOf[r * length + b]);
    order.set(row, r * length);
  }
  const mask = Uint8Array.from({ length }, () => (masked && random() % 4 === 0 ? 0 : 1));
  return { order, buckets: bucketOf, mask };
}

const anyCall = fc.record({
  length: fc.integer({ min: 1, max: 200 }),
  chunkLength: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constant(64)),
  rounds: fc.integer({ min: 1, max: 3 }),
  chunksBefore: fc.integer({ min: 0, max: 3 }),
  chunksAfter: fc.integer({ min: 0, max: 2 }),
  wrap: fc.boolean(),
  causal: fc.boolean(),
  withinBuckets: fc.boolean(),
  once: fc.boolean(),
  masked: fc.boolean(),
  buckets: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(),
});

test('the tiles of all rounds are the pairs of the definition', () => {
  fc.assert(
    fc.property(anyCall, ({ length, rounds, buckets, masked, once, seed, ...options }) => {
      const { order, buckets: bucketOf, mask } = randomData(rounds, length, buckets, masked, seed);
      const attributes: LshAttentionAttributes = {
        ...options,
        duplicates: once && !options.wrap ? 'once' : 'each',
      };
      const shape = [1, 1, length, 4];
      const shapes = { q: { shape }, v: { shape }, order: { shape: [1, 1, rounds, length] } };
      const plan = new ChunkPlan(lshProblem(shapes, attributes));
      const head = plan.head({ order, buckets: bucketOf, ...(masked && { mask }) });
      const counts = new Uint8Array(length * length);
      for (let r = 0; r < rounds; r++) expandBlock(head.round(r), length, counts);

      const expected = new Uint8Array(length * length);
      const inputs = {
        ...shapes,
        order: { ...shapes.order, data: order },
        buckets: { ...shapes.order, data: bucketOf },
        ...(masked && { keyMask: { shape: [1, length], data: mask } }),
        q: { shape, data: [] },
        v: { shape, data: [] },
      };
      const pairsOf = lshPairs(inputs, attributes)(0, 0);
      for (let i = 0; i < length; i++) for (const { key } of pairsOf(i)) expected[i * length + key] += 1;
      expect(counts).toEqual(expected);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('tiles grow with the length, and whole chunks share their masks', () => {
  const tilesAt = (length: number): ChunkPlan => {
    const shape = [1, 1, length, 4];
    const shapes = { q: { shape }, v: { shape }, order: { shape: [1, 1, 4, length] } };
    return new ChunkPlan(lshProblem(shapes, { chunkLength: TILE, wrap: true }));
  };
  expect(tilesAt(1024).tiles).toBe(2 * 16);
  expect(tilesAt(65_536).tiles).toBe(2 * 1024);
  const head = tilesAt(1024).head({ order: Int32Array.from({ length: 4 * 1024 }, (_, at) => at % 1024) });
  // One for the diagonal, one for the chunk before the first, which belongs to another round.
  expect(head.round(1).masks.length / 128).toBe(2);
});
