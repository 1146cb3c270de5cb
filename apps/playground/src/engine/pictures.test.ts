import {
  and,
  causal,
  globalTokens,
  or,
  patternFromJson,
  planAttention,
  slidingWindow,
  strided,
  type Pattern,
} from '@attn/core';
import { forEachTile, maskAllows, TILE } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { PRESETS } from '../pattern/presets.ts';
import { patternJson } from '../pattern/write.ts';
import { coverageRaster } from './coverage-raster.ts';
import { PIXEL } from './pixel.ts';
import { TileIndex } from './tile-index.ts';

const N = 320;

const PATTERNS: readonly (readonly [string, Pattern])[] = [
  ['a window', slidingWindow({ before: 30, after: 9 })],
  ['a dilated window', slidingWindow({ before: 8, after: 8, dilation: 5 })],
  ['Longformer', or(slidingWindow({ before: 20, after: 20 }), globalTokens([0, 77]))],
  ['strided and causal', and(strided({ stride: 17 }), causal())],
];

const edges = (from: number, to: number, pixels: number): Int32Array =>
  Int32Array.from({ length: pixels + 1 }, (_, i) => from + Math.floor((i * (to - from)) / pixels));
const cells = edges(0, N, N);

const tilesOf = (pattern: Pattern): TileIndex => new TileIndex(blocksOf(pattern), N);
const blocksOf = (pattern: Pattern) =>
  planAttention({ batch: 1, heads: 1, queryLength: N, keyLength: N, queryOffset: 0 }, pattern).groups.map(
    ({ block }) => block,
  );

describe.each(PATTERNS)('%s', (_name, pattern) => {
  test('each cell is what the pattern says', () => {
    const pixels = coverageRaster(pattern, 0, cells, cells);
    const expected = Array.from({ length: N * N }, (_, i) =>
      pattern.allows(0, 0, Math.floor(i / N), i % N) ? PIXEL.all : 0,
    );
    expect([...pixels]).toEqual(expected);
  });

  test('a coarse pixel is all, some or nothing of its cells', () => {
    const coarse = edges(3, 300, 45);
    const pixels = coverageRaster(pattern, 0, coarse, coarse);
    for (let row = 0; row < 45; row++) {
      for (let column = 0; column < 45; column++) {
        let allowed = 0;
        for (let q = coarse[row]; q < coarse[row + 1]; q++)
          for (let k = coarse[column]; k < coarse[column + 1]; k++) if (pattern.allows(0, 0, q, k)) allowed++;
        const pairs = (coarse[row + 1] - coarse[row]) * (coarse[column + 1] - coarse[column]);
        const value = allowed === 0 ? 0 : allowed === pairs ? PIXEL.all : PIXEL.some;
        expect(pixels[row * 45 + column]).toBe(value);
      }
    }
  });

  test('cells in tiles are computed, and no others', () => {
    const expected = new Uint8Array(N * N);
    for (const block of blocksOf(pattern)) {
      for (let query = 0; query < block.queryCount; query++) {
        forEachTile(block, Math.floor(query / TILE), (tile) => {
          for (let key = tile * TILE; key < Math.min(block.keyCount, (tile + 1) * TILE); key++)
            expected[(block.queryIndex?.[query] ?? query) * N + (block.keyIndex?.[key] ?? key)] =
              PIXEL.computed;
        });
      }
    }
    const pixels = new Uint8Array(N * N);
    tilesOf(pattern).markComputed(pixels, cells, cells);
    expect([...pixels]).toEqual([...expected]);
  });

  test('in the computed order, each cell is a bit of its tile', () => {
    const pixels = tilesOf(pattern).computedRaster(cells, cells);
    let start = 0;
    for (const block of blocksOf(pattern)) {
      for (let query = 0; query < block.queryCount; query++) {
        const expected = new Uint8Array(N);
        forEachTile(block, Math.floor(query / TILE), (tile, mask) => {
          for (let key = tile * TILE; key < Math.min(block.keyCount, (tile + 1) * TILE); key++) {
            const isAllowed = mask === undefined || maskAllows(block.masks, mask, query % TILE, key % TILE);
            expected[key] = PIXEL.computed | (isAllowed ? PIXEL.all : 0);
          }
        });
        expect([...pixels.subarray((start + query) * N, (start + query + 1) * N)]).toEqual([...expected]);
      }
      start += block.queryCount;
    }
  });
});

test('a million tokens are drawn from few questions', () => {
  const { node, n } = PRESETS.find(({ name }) => name === 'A million tokens') ?? PRESETS[0];
  const pattern = patternFromJson(patternJson(node, n));
  let questions = 0;
  const counting: Pattern = {
    ...pattern,
    classify: (...runs) => {
      questions++;
      return pattern.classify(...runs);
    },
  };
  const coarse = edges(0, n, 800);
  const pixels = coverageRaster(counting, 0, coarse, coarse);
  expect(pixels.filter((pixel) => pixel !== 0).length).toBeGreaterThan(800);
  expect(questions).toBeLessThan(20_000); // of 640,000 pixels
});
