/** Hides pairs by the bit mask of a partial tile, and lists visible pairs where weights alone do not tell. */
import {
  type Expression,
  f32x4,
  i32,
  i32x4,
  v128,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { tileRows } from '../register-tile.ts';
import { SCORE_STRIDE } from './softmax.ts';

const HIDE = {
  /** [64 × 64]: logits. */
  scores: 'i32',
  rows: 'i32',
  /** 64 rows of two words; bit j of the row's 64 is column j. */
  mask: 'i32',
} as const;

/** Defines the function that sets logits to −∞ where the mask has no bit. */
export function defineHide(module: ModuleBuilder): FunctionHandle<typeof HIDE> {
  return module.define('hide', HIDE, (f, { scores, rows, mask }) => {
    const bits = f.let('lane_bits', i32x4.const(1, 2, 4, 8));
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    const visible = f.local('visible', 'v128');
    const at = f.let('at', scores);
    f.count('word', i32.shl(rows, 1), 1, (word) => {
      const value = f.let('bits', i32.load(i32.add(mask, i32.shl(word, 2))));
      // A word of ones changes nothing.
      f.if(i32.ne(value, -1), () => {
        for (let lane = 0; lane < 32; lane += 4) {
          f.set(visible, v128.and(i32x4.splat(i32.shrU(value, lane)), bits));
          f.set(visible, i32x4.eq(visible, bits));
          f.do(v128.store(at, v128.bitselect(v128.load(at, 4 * lane), hidden, visible), 4 * lane));
        }
      });
      f.advance(at, SCORE_STRIDE / 2);
    });
  });
}

const RANGES = {
  rows: 'i32',
  /** 64 rows of two words; bit j of the row's 64 is column j. */
  mask: 'i32',
  /** [64 × 2] i32, written at the first row of each group: columns from … to (exclusive). */
  ranges: 'i32',
} as const;

/**
 * Defines the function that finds which columns each group of rows sees. Products then leave out columns that
 * the edge of a window or the diagonal of a causal pattern hides.
 */
export function defineRanges(module: ModuleBuilder, simd: Simd): FunctionHandle<typeof RANGES> {
  return module.define('ranges', RANGES, (f, { rows, mask, ranges }) => {
    const [low, high] = [f.local('low', 'i32'), f.local('high', 'i32')];
    const [remaining, from, to] = [f.let('remaining', rows), f.let('from', mask), f.let('to', ranges)];
    for (const count of tileRows(simd)) {
      f.if(i32.geU(remaining, count), () =>
        f.repeat(
          () => {
            const words = Array.from({ length: count }, (_, row) => 8 * row);
            f.set(low, anyOf(words.map((offset) => i32.load(from, offset))));
            f.set(high, anyOf(words.map((offset) => i32.load(from, offset + 4))));
            // A group that sees no column gets 0 and 0.
            const first = i32.select(low, i32.ctz(low), i32.add(32, i32.ctz(high)));
            const end = i32.select(high, i32.sub(64, i32.clz(high)), i32.sub(32, i32.clz(low)));
            f.do(i32.store(to, i32.select(i32.or(low, high), first, 0)), i32.store(to, end, 4));
            f.advance(from, 8 * count);
            f.advance(to, 8 * count);
            f.set(remaining, i32.sub(remaining, count));
          },
          () => i32.geU(remaining, count),
        ),
      );
    }
  });
}

function anyOf(words: readonly Expression<'i32'>[]): Expression<'i32'> {
  return words.reduce((all, word) => i32.or(all, word));
}

const LIST_VISIBLE = {
  scores: 'i32',
  rows: 'i32',
  /** A multiple of 16. */
  columns: 'i32',
  /** [64 × 2] i32, written: bit j of row i is set when the logit is not −∞. */
  visible: 'i32',
} as const;

/** Defines the function that lists which logits are not −∞. */
export function defineListVisible(module: ModuleBuilder): FunctionHandle<typeof LIST_VISIBLE> {
  return module.define('listVisible', LIST_VISIBLE, (f, { scores, rows, columns, visible }) => {
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    f.count('row', rows, 1, (row) => {
      const to = f.let('to', i32.add(visible, i32.shl(row, 3)));
      f.do(i32.store(to, 0), i32.store(to, 0, 4));
      const at = f.let('at', i32.add(scores, i32.mul(row, SCORE_STRIDE)));
      f.count('column', columns, 4, (column) => {
        const word = f.let('word', i32.add(to, i32.shl(i32.shrU(column, 5), 2)));
        const four = i32x4.bitmask(f32x4.ne(v128.load(at), hidden));
        f.do(i32.store(word, i32.or(i32.load(word), i32.shl(four, i32.and(column, 31)))));
        f.advance(at, 16);
      });
    });
  });
}

const VISIBLE_VALUES = {
  /** [64 × 64]: weights. */
  scores: 'i32',
  rows: 'i32',
  visible: 'i32',
  /** A packed tile of values. */
  values: 'i32',
  /** [64 × padded Dv]: += weights · values. */
  sums: 'i32',
  factors: 'i32',
} as const;

/**
 * Defines the product of weights and values for tiles with NaN or ∞ among the values. Only visible pairs take
 * part, because 0 · ∞ is NaN.
 */
export function defineVisibleValues(
  module: ModuleBuilder,
  padded: number,
): FunctionHandle<typeof VISIBLE_VALUES> {
  return module.define(
    'visibleValues',
    VISIBLE_VALUES,
    (f, { scores, rows, visible, values, sums, factors }) => {
      const sumAt = (row: I32): I32 => i32.add(sums, i32.mul(row, 4 * padded));
      f.count('row', rows, 1, (row) => {
        const factor = f.let('factor', v128.load32Splat(i32.add(factors, i32.shl(row, 2))));
        const to = f.let('to', sumAt(row));
        f.count('at', 4 * padded, 16, (at) => {
          const address = f.let('address', i32.add(to, at));
          f.do(v128.store(address, f32x4.mul(v128.load(address), factor)));
        });
        f.count('half', 2, 1, (half) => {
          const bits = f.let('bits', i32.load(i32.add(visible, i32.shl(i32.add(i32.shl(row, 1), half), 2))));
          f.if(bits, () => {
            f.repeat(
              () => {
                const column = f.let('column', i32.add(i32.ctz(bits), i32.shl(half, 5)));
                addRow(column, row, to);
                f.set(bits, i32.and(bits, i32.sub(bits, 1)));
              },
              () => bits,
            );
          });
        });
      });

      /** Emits sums[row] += weight · values[column]. A panel has 64 rows of 32 bytes. */
      function addRow(column: Local<'i32'>, row: Local<'i32'>, to: Local<'i32'>): void {
        const weightAt = i32.add(i32.add(scores, i32.mul(row, SCORE_STRIDE)), i32.shl(column, 2));
        const weight = f.let('weight', v128.load32Splat(weightAt));
        const from = f.let('from', i32.add(values, i32.shl(column, 5)));
        f.count('panel', padded / 8, 1, (panel) => {
          const source = f.let('source', i32.add(from, i32.shl(panel, 11)));
          const target = f.let('target', i32.add(to, i32.shl(panel, 5)));
          for (const offset of [0, 16]) {
            const product = f32x4.mul(weight, v128.load(source, offset));
            f.do(v128.store(target, f32x4.add(v128.load(target, offset), product), offset));
          }
        });
      }
    },
  );
}
