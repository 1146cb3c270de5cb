import { expect, test } from 'vitest';
import { firstKeys, runOf } from './positions.ts';

const tile = (positionOf: (i: number) => number, count = 64): number[] =>
  Array.from({ length: 64 }, (_, i) => (i < count ? positionOf(i) : 0));

test.each<[what: string, run: number, tiles: readonly (readonly number[])[], counts: readonly number[]]>([
  ['keys in order', 64, [tile((i) => i), tile((i) => 64 + i)], [64, 64]],
  ['a tile that is filled up', 64, [tile((i) => i), tile((i) => 64 + i, 5)], [64, 5]],
  ['runs of 16 in another order', 16, [tile((i) => i ^ 16)], [64]],
  ['a run that begins elsewhere', 8, [tile((i) => i + 8)], [64]],
  ['key 0 behind an odd number of others', 1, [tile((i) => (i + 1) % 64)], [64]],
  ['every other key', 1, [tile((i) => 2 * i)], [64]],
])('%s come in runs of %i', (_, run, tiles, counts) => {
  expect(runOf(Int32Array.from(tiles.flat()), { keyCounts: Uint8Array.from(counts) })).toBe(run);
});

test('first keys are counted in pieces', () => {
  const positions = Int32Array.from([...tile((i) => 128 + i), ...tile((i) => i)]);
  expect([...firstKeys(positions, 32)]).toEqual([4, 5, 0, 1]);
});
