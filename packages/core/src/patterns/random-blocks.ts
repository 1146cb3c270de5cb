/**
 * Random blocks: each block of queries sees a few random blocks of keys. Zaheer et al. 2020 (BigBird), §2,
 * https://arxiv.org/abs/2007.14062
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { onBlocks, type BlockGrid, type BlockRange } from './block-grid.ts';
import { mulberry32 } from '../util/mulberry32.ts';
import { checkInteger, checkOptions, invalidPattern } from './options.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Coverage, Pattern, PatternSizes } from './pattern.ts';

/** Options of `randomBlocks`. */
export interface RandomBlocksOptions {
  /** The number of positions, which must be the number of keys of the attention call. */
  readonly length: number;
  /** Tokens per block, in both directions. */
  readonly blockSize: number;
  /** How many blocks of keys each block of queries sees; fewer if there are not so many to choose from. */
  readonly blocksPerRow: number;
  /** An integer in [0, 2³²). Equal seeds give equal patterns, on every machine. */
  readonly seed: number;
  /** Whether every head draws its own blocks (`different`, the default), or all share those of head 0. */
  readonly heads?: 'different' | 'shared';
}

const KINDS: OptionKinds<RandomBlocksOptions> = {
  length: anything,
  blockSize: anything,
  blocksPerRow: anything,
  seed: anything,
  heads: anything,
};

/**
 * The random part of BigBird: combine it with a window and global tokens. Block i of the queries sees
 * `blocksPerRow` different blocks of keys, drawn uniformly from those that BigBird's other parts do not see:
 * all but 0, i − 1, i, i + 1 and the last.
 *
 *     length 8, blockSize 1, blocksPerRow 1, seed 0
 *     · · · · · · ■ ·
 *     · · · · ■ · · ·
 *     · · · · · · ■ ·
 *     · · · · · · ■ ·
 *     · ■ · · · · · ·
 *     · · · ■ · · · ·
 *     · · · ■ · · · ·
 *     · · · · ■ · · ·
 *
 * The draw: three chained `mulberry32` give row i of head h its own generator,
 * s₁ = next(seed), s₂ = next(s₁ xor h), s₃ = next(s₂ xor i); then Floyd's sampling without repetition.
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * const random = randomBlocks({ length: 4096, blockSize: 64, blocksPerRow: 3, seed: 7 });
 * or(slidingWindow({ before: 96, after: 96 }), globalTokens([0]), random); // BigBird
 */
export function randomBlocks(options: RandomBlocksOptions): Pattern {
  const { heads = 'different', ...checked } = checkOptions('randomBlocks', options, KINDS);
  const length = checkInteger("randomBlocks' length", checked.length, 1);
  const blockSize = checkInteger("randomBlocks' blockSize", checked.blockSize, 1);
  const blocksPerRow = checkInteger("randomBlocks' blocksPerRow", checked.blocksPerRow, 1);
  const seed = checkInteger("randomBlocks' seed", checked.seed, 0, 2 ** 32 - 1);
  if (heads !== 'different' && heads !== 'shared') {
    throw invalidPattern('randomBlocks\' heads to be "different" or "shared"', heads);
  }
  const blocks = Math.ceil(length / blockSize);
  const grids = new Map<number, BlockGrid>();
  const gridOf = (h: number): BlockGrid => {
    const head = heads === 'shared' ? 0 : h;
    const grid = grids.get(head) ?? sparseGrid(drawBlocks(blocks, blocksPerRow, seed, head));
    grids.set(head, grid);
    return grid;
  };

  return defineBuiltIn({
    type: 'randomBlocks',
    options: { length, blockSize, blocksPerRow, seed, ...(heads === 'shared' ? { heads } : {}) },
    ...onBlocks(blockSize, gridOf),
    variant: (_b, h) => (heads === 'shared' ? '' : String(h)),
    validate({ keyLength }: PatternSizes) {
      if (keyLength !== length)
        throw invalidPattern(`randomBlocks' length to be the number of keys (${keyLength})`, length);
    },
  });
}

/** For each block of queries the blocks that it sees, ascending. */
function drawBlocks(blocks: number, blocksPerRow: number, seed: number, head: number): Int32Array[] {
  const headSeed = mulberry32(mulberry32(seed)() ^ head)();
  return Array.from({ length: blocks }, (_, row) => {
    const next = mulberry32(mulberry32(headSeed ^ row)());
    const neighbours = [...new Set([0, row - 1, row, row + 1, blocks - 1])].sort((a, b) => a - b);
    const excluded = neighbours.filter((block) => block >= 0 && block < blocks);
    const free = blocks - excluded.length;
    const choice = new Set<number>();
    for (let i = Math.max(0, free - blocksPerRow); i < free; i++) {
      const candidate = Math.floor((next() / 2 ** 32) * (i + 1));
      choice.add(choice.has(candidate) ? i : candidate);
    }
    // A candidate counts free blocks only: step over the others.
    return Int32Array.from(choice, (candidate) =>
      excluded.reduce((block, s) => (block >= s ? block + 1 : block), candidate),
    ).sort();
  });
}

/** A grid with few blocks in each row and column. It searches a rectangle along the shorter side. */
function sparseGrid(rows: readonly Int32Array[]): BlockGrid {
  let columns: readonly Int32Array[] | undefined;
  const has = (row: number, column: number): boolean => rows[row].includes(column);
  const coverage = (down: BlockRange, across: BlockRange): Coverage =>
    down.to - down.from <= across.to - across.from
      ? search(rows, down, across)
      : search((columns ??= transpose(rows)), across, down);
  return { rows: rows.length, columns: rows.length, has, coverage };
}

function search(lists: readonly Int32Array[], along: BlockRange, { from, to }: BlockRange): Coverage {
  const width = to - from + 1;
  let answer: Coverage | undefined;
  for (let i = along.from; i <= along.to; i++) {
    const hits = lists[i].reduce((sum, block) => (block >= from && block <= to ? sum + 1 : sum), 0);
    const here = hits === 0 ? 'none' : hits === width ? 'all' : 'some';
    answer ??= here;
    if (here !== answer || here === 'some') return 'some';
  }
  return answer ?? 'none';
}

function transpose(rows: readonly Int32Array[]): readonly Int32Array[] {
  const columns = rows.map((): number[] => []);
  rows.forEach((blocks, row) => blocks.forEach((column) => columns[column].push(row)));
  return columns.map((column) => Int32Array.from(column));
}
