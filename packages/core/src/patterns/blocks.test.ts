/** Block-sparse layouts and random blocks. */
import { describe, expect, it } from 'vitest';
import { blockSparse } from './block-sparse.ts';
import { drawPattern } from './draw.ts';
import { EXAMPLE_SIZES } from './examples.testing.ts';
import { failure } from './errors.testing.ts';
import { mulberry32 } from '../util/mulberry32.ts';
import { randomBlocks } from './random-blocks.ts';

describe('mulberry32', () => {
  it('gives the published sequence', () => {
    const next = mulberry32(12345);
    expect([next(), next(), next()]).toEqual([4207900869, 1317490944, 2079646450]);
  });
});

describe('randomBlocks', () => {
  const options = { length: 16, blockSize: 2, blocksPerRow: 1, seed: 0 };

  it('draws the same blocks for a seed on every machine', () => {
    expect(drawPattern(randomBlocks(options), { n: 16, size: 8 }).toTerminal()).toMatchInlineSnapshot(`
      "· · · · · · ██·
      · · · · ██· · ·
      · · · · · · ██·
      · · · · · · ██·
      · ██· · · · · ·
      · · · ██· · · ·
      · · · ██· · · ·
      · · · · ██· · ·"
    `);
  });

  it('draws different blocks in each row, none of those that window and global tokens cover', () => {
    const blocks = 32;
    const pattern = randomBlocks({ length: blocks * 4, blockSize: 4, blocksPerRow: 3, seed: 5 });
    for (let row = 0; row < blocks; row++) {
      const visible = Array.from({ length: blocks }, (_, i) => i).filter((block) =>
        pattern.allows(0, 1, row * 4, block * 4),
      );
      expect(visible).toHaveLength(3);
      for (const covered of [0, row - 1, row, row + 1, blocks - 1]) expect(visible).not.toContain(covered);
    }
  });

  it('takes what is left when there are few blocks', () => {
    const pattern = randomBlocks({ length: 6, blockSize: 1, blocksPerRow: 4, seed: 1 });
    const whole = { start: 0, step: 1, count: 6 };
    const visible = (q: number): number[] => [0, 1, 2, 3, 4, 5].filter((k) => pattern.allows(0, 0, q, k));
    expect([0, 1, 2, 3].map(visible)).toEqual([[2, 3, 4], [3, 4], [4], [1]]);
    expect(randomBlocks({ ...options, length: 6 }).classify(0, 0, whole, whole)).toBe('none');
  });

  it('differs between heads unless they share, and between seeds', () => {
    const drawing = (h: number, more: object): string =>
      drawPattern(randomBlocks({ length: 640, blockSize: 10, blocksPerRow: 2, seed: 9, ...more }), {
        n: 640,
        size: 64,
        head: h,
      }).toTerminal();
    expect(drawing(0, {})).not.toBe(drawing(1, {}));
    expect(drawing(0, {})).not.toBe(drawing(0, { seed: 10 }));
    expect(drawing(0, { heads: 'shared' })).toBe(drawing(1, { heads: 'shared' }));
    expect(drawing(0, { heads: 'shared' })).toBe(drawing(0, {}));
  });

  it('finds one block among a million positions', () => {
    const pattern = randomBlocks({ length: 2 ** 20, blockSize: 64, blocksPerRow: 2, seed: 3 });
    const block = (i: number): { start: number; step: number; count: number } => ({
      start: i * 64,
      step: 1,
      count: 64,
    });
    const whole = { start: 0, step: 1, count: 2 ** 20 };
    expect(pattern.classify(0, 0, block(5), whole)).toBe('some');
    expect(pattern.classify(0, 0, whole, block(0))).toBe('none');
    expect(pattern.classify(0, 0, whole, whole)).toBe('some');
  });

  it('refuses what cannot be meant', () => {
    expect(failure(() => randomBlocks({ ...options, seed: -1 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected randomBlocks' seed to be a non-negative integer of at most 4294967295, got -1"`,
    );
    expect(failure(() => randomBlocks({ ...options, blocksPerRow: 0 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected randomBlocks' blocksPerRow to be a positive integer, got 0"`,
    );
    // @ts-expect-error an unknown choice
    expect(failure(() => randomBlocks({ ...options, heads: 'all' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected randomBlocks' heads to be "different" or "shared", got "all""`,
    );
    expect(failure(() => randomBlocks(options).validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected randomBlocks' length to be the number of keys (48), got 16"`,
    );
  });
});

describe('blockSparse', () => {
  it('gives heads of equal layouts one plan', () => {
    const layout = [[[1]], [[0]], [[1]]];
    expect([0, 1, 2].map((h) => blockSparse({ blockSize: 4, layout }).variant(0, h))).toEqual([
      '0',
      '1',
      '0',
    ]);
  });

  it('shares masks of tiles that cut the same blocks', () => {
    const diagonal = blockSparse({
      blockSize: 4,
      layout: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    });
    const tile = (start: number): { start: number; step: number; count: number } => ({
      start,
      step: 1,
      count: 8,
    });
    expect(diagonal.signature(0, 0, tile(0), tile(0))).toBe(diagonal.signature(0, 0, tile(4), tile(4)));
    expect(diagonal.signature(0, 0, tile(0), tile(0))).not.toBe(diagonal.signature(0, 0, tile(2), tile(2)));
  });

  it('refuses what cannot be meant', () => {
    expect(failure(() => blockSparse({ blockSize: 4, layout: [] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to be [query block][key block] or [head][query block][key block], got []"`,
    );
    expect(failure(() => blockSparse({ blockSize: 4, layout: [[1, 0], [1]] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to have 2 key blocks in each row, got 1"`,
    );
    expect(failure(() => blockSparse({ blockSize: 4, layout: [[2]] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected every entry of blockSparse's layout to be 0 or 1, got 2"`,
    );
    expect(failure(() => blockSparse({ blockSize: 4, layout: [[[1]], [[1], [0]]] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to have 1 query blocks in each head, got 2"`,
    );
    expect(
      failure(() => blockSparse({ blockSize: 4, layout: [[1]] }).validate(EXAMPLE_SIZES)),
    ).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to have 12 key blocks for 48 keys, got 1"`,
    );
    const short = blockSparse({ blockSize: 16, layout: [[1, 1, 1]] });
    expect(failure(() => short.validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to have at least 3 query blocks, got 1"`,
    );
    const heads = blockSparse({ blockSize: 48, layout: [[[1]], [[0]], [[1]]] });
    expect(failure(() => heads.validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected blockSparse's layout to have one entry per head (2), got 3"`,
    );
  });
});
