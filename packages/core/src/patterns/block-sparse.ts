/**
 * Block-sparse attention from an explicit layout. Child et al. 2019 (its GPU kernels),
 * https://arxiv.org/abs/1904.10509
 */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { onBlocks, type BlockGrid } from './block-grid.ts';
import { checkInteger, checkIntegers, checkOptions, invalidPattern } from './options.ts';
import { isList } from '../util/typed-array.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern, PatternSizes } from './pattern.ts';

/** `[query block][key block]`: 1 where the queries see the keys, else 0. */
export type BlockLayout = ArrayLike<ArrayLike<number>>;

/** Options of `blockSparse`. */
export interface BlockSparseOptions {
  /** Tokens per block, in both directions. */
  readonly blockSize: number;
  /** One layout for all heads, or a list with one per head. */
  readonly layout: BlockLayout | ArrayLike<BlockLayout>;
}

const KINDS: OptionKinds<BlockSparseOptions> = { blockSize: anything, layout: anything };

/**
 * Query q sees key k if `layout[⌊q / blockSize⌋][⌊k / blockSize⌋]` is 1.
 *
 *     blockSize 2, layout [[1, 0], [1, 1]]
 *     ■ ■ · ·
 *     ■ ■ · ·
 *     ■ ■ ■ ■
 *     ■ ■ ■ ■
 *
 * Errors: `INVALID_PATTERN`.
 *
 * @example
 * blockSparse({ blockSize: 2, layout: [[1, 0], [1, 1]] });
 */
export function blockSparse(options: BlockSparseOptions): Pattern {
  const checked = checkOptions('blockSparse', options, KINDS);
  const blockSize = checkInteger("blockSparse's blockSize", checked.blockSize, 1);
  const { layouts, shared } = checkLayouts(checked.layout);
  const grids: (SummedGrid | undefined)[] = [];
  const gridOf = (h: number): SummedGrid => {
    const layout = shared ? 0 : h;
    return (grids[layout] ??= new SummedGrid(layoutOf(layouts, layout)));
  };
  const keyBlocks = layouts[0][0].length;

  return defineBuiltIn({
    type: 'blockSparse',
    options: { blockSize, layout: shared ? layouts[0] : layouts },
    ...onBlocks(blockSize, gridOf),
    variant: (_b, h) => (shared ? '' : String(layouts.findIndex((_, i) => gridOf(i).equals(gridOf(h))))),
    validate({ heads, keyLength, queryLength, queryOffset }: PatternSizes) {
      if (!shared && layouts.length !== heads) {
        throw invalidPattern(`blockSparse's layout to have one entry per head (${heads})`, layouts.length);
      }
      const keysNeed = Math.ceil(keyLength / blockSize);
      if (keyBlocks !== keysNeed) {
        throw invalidPattern(
          `blockSparse's layout to have ${keysNeed} key blocks for ${keyLength} keys`,
          keyBlocks,
        );
      }
      const queriesNeed = Math.ceil(Math.min(keyLength, queryOffset + queryLength) / blockSize);
      const queryBlocks = layouts[0].length;
      if (queryBlocks < queriesNeed) {
        throw invalidPattern(
          `blockSparse's layout to have at least ${queriesNeed} query blocks`,
          queryBlocks,
        );
      }
    },
  });
}

/** A layout with its summed-area table: the number of ones in any rectangle takes four look-ups. */
class SummedGrid implements BlockGrid {
  readonly rows: number;
  readonly columns: number;
  /** [rows + 1][columns + 1]: the number of ones above and to the left. */
  readonly #sums: Int32Array;

  constructor(layout: BlockLayout) {
    this.rows = layout.length;
    this.columns = layout[0].length;
    const width = this.columns + 1;
    this.#sums = new Int32Array((this.rows + 1) * width);
    for (let row = 0; row < this.rows; row++) {
      let inRow = 0;
      for (let column = 0; column < this.columns; column++) {
        inRow += layout[row][column];
        this.#sums[(row + 1) * width + column + 1] = this.#sums[row * width + column + 1] + inRow;
      }
    }
  }

  has(row: number, column: number): boolean {
    return this.#count(row, row, column, column) === 1;
  }

  coverage(...[rows, columns]: Parameters<BlockGrid['coverage']>): ReturnType<BlockGrid['coverage']> {
    const count = this.#count(rows.from, rows.to, columns.from, columns.to);
    const blocks = (rows.to - rows.from + 1) * (columns.to - columns.from + 1);
    return count === 0 ? 'none' : count === blocks ? 'all' : 'some';
  }

  equals(other: SummedGrid): boolean {
    return this === other || this.#sums.every((sum, i) => sum === other.#sums[i]);
  }

  #count(top: number, bottom: number, left: number, right: number): number {
    const width = this.columns + 1;
    const at = (row: number, column: number): number => this.#sums[row * width + column];
    return at(bottom + 1, right + 1) - at(top, right + 1) - at(bottom + 1, left) + at(top, left);
  }
}

type Layouts = readonly (readonly (readonly number[])[])[];

function layoutOf(layouts: Layouts, h: number): BlockLayout {
  if (h < layouts.length) return layouts[h];
  throw invalidPattern(`a head that blockSparse's layout has (of ${layouts.length})`, h);
}

function checkLayouts(value: BlockSparseOptions['layout']): { layouts: Layouts; shared: boolean } {
  const what = "blockSparse's layout";
  const nested = (list: unknown): ArrayLike<unknown> => {
    if (isList(list) && list.length > 0) return list;
    throw invalidPattern(`${what} to be [query block][key block] or [head][query block][key block]`, list);
  };
  const shared = !isList(nested(nested(value)[0])[0]);
  const layouts = Array.from(shared ? [value] : nested(value), (layout) =>
    Array.from(nested(layout), (row) => checkIntegers(what, row, 0, 1)),
  );
  const [rows, columns] = [layouts[0].length, layouts[0][0].length];
  for (const layout of layouts) {
    if (layout.length !== rows)
      throw invalidPattern(`${what} to have ${rows} query blocks in each head`, layout.length);
    const misfit = layout.find((row) => row.length !== columns);
    if (misfit !== undefined)
      throw invalidPattern(`${what} to have ${columns} key blocks in each row`, misfit.length);
  }
  return { layouts, shared };
}
