/** Tiles of several sources in one cache: whoever asks gets tiles of the source that it names. */
import { TILE } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { randomNumbers } from '../tensors.testing.ts';
import { TileCache, type KeyValueSource } from './tile-cache.ts';

const DIM = 4;
const LENGTH = 3 * TILE - 10;

function source(seed: number, keyIndex?: Int32Array): KeyValueSource {
  const rows = (data: Float32Array) => ({ data, origin: 0, stride: DIM, dim: DIM });
  return {
    keys: rows(randomNumbers(LENGTH * DIM, seed)),
    values: rows(randomNumbers(LENGTH * DIM, seed + 1)),
    keyIndex,
    keyCount: keyIndex?.length ?? LENGTH,
  };
}

/** Compares all numbers of a tile with its source. */
function expectTile(cache: TileCache, { keys, values, keyIndex, keyCount }: KeyValueSource, column: number) {
  const slot = cache.slotOf({ keys, values, keyIndex, keyCount }, column);
  for (let key = 0; key < Math.min(TILE, keyCount - column * TILE); key++) {
    const row = keyIndex?.[column * TILE + key] ?? column * TILE + key;
    for (let d = 0; d < DIM; d++) {
      expect(cache.keys[slot * cache.keySize + key * DIM + d]).toBe(keys.data[row * DIM + d]);
      expect(cache.values[slot * cache.valueSize + d * TILE + key]).toBe(values.data[row * DIM + d]);
    }
  }
}

test('sources may alternate, also those that differ only in their order', () => {
  const cache = new TileCache(DIM, DIM, 3);
  const reversed = Int32Array.from({ length: LENGTH }, (_, i) => LENGTH - 1 - i);
  const natural = source(1);
  const sources = [natural, source(3), { ...natural, keyIndex: reversed }, natural];
  for (const column of [0, 2, 1, 0]) for (const each of sources) expectTile(cache, each, column);
});

test('an equal source uses the converted tiles', () => {
  const cache = new TileCache(DIM, DIM, 3);
  const first = source(1);
  const slot = cache.slotOf(first, 1);
  first.keys.data.fill(7); // a tile that is converted again would show it
  expect(cache.slotOf({ ...first }, 1)).toBe(slot);
  expect(cache.keys[slot * cache.keySize]).not.toBe(7);
});

test('a tile with a number that is not finite says so', () => {
  const cache = new TileCache(DIM, DIM, 3);
  const nonFinite = source(1);
  nonFinite.values.data[TILE * DIM] = NaN;
  expect(cache.hasFiniteValues(cache.slotOf(nonFinite, 0))).toBe(true);
  expect(cache.hasFiniteValues(cache.slotOf(nonFinite, 1))).toBe(false);
});
