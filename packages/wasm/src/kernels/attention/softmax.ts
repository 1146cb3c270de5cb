/**
 * The online softmax of a tile: weights relative to the greatest logit so far, and by how much what was summed before shrinks.
 * Logits are powers of 2. Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867; Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135
 */
import { f32, f32x4, i32, v128, type FunctionHandle, type ModuleBuilder } from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { exp2, maxLanes, sumLanes } from '../vector-math.ts';

/** Bytes of a row of scores: 64 floats. */
export const SCORE_STRIDE = 256;

/** Columns that are worked on at a time. */
export const SCORE_STEP = 16;

const PARAMETERS = {
  /** [64 × 64], rows × columns of it valid: logits in, weights out. */
  scores: 'i32',
  rows: 'i32',
  /** A multiple of `SCORE_STEP`. */
  columns: 'i32',
  /** [64]: greatest logit of each row so far. */
  maxima: 'i32',
  /** [64]: sum of each row's weights so far. */
  totals: 'i32',
  /** [64], out: what a row's earlier sums are to be multiplied by. */
  factors: 'i32',
  /** [64], out: `maxima`, but 0 for rows that have seen nothing. */
  shifts: 'i32',
} as const;

/** Defines the function. */
export function defineSoftmax(module: ModuleBuilder, simd: Simd): FunctionHandle<typeof PARAMETERS> {
  return module.define('softmax', PARAMETERS, (f, p) => {
    const power = exp2(f, simd);
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    const bytes = f.let('column_bytes', i32.shl(p.columns, 2));

    // 1. The greatest logit of each row of this tile, into `factors`.
    const max = f.local('max', 'v128');
    const row = f.let('row', p.scores);
    const at = f.local('at', 'i32');
    const end = f.local('end', 'i32');
    const eachRow = (body: (index4: ReturnType<typeof i32.add>) => void): void => {
      f.set(row, p.scores);
      f.count('row4', i32.shl(p.rows, 2), 4, (row4) => {
        f.set(at, row);
        f.set(end, i32.add(row, bytes));
        body(row4);
        f.advance(row, SCORE_STRIDE);
      });
    };
    eachRow((row4) => {
      f.set(max, hidden);
      f.repeat(
        () => {
          for (const offset of [0, 16, 32, 48]) f.set(max, f32x4.pmax(max, v128.load(at, offset)));
          f.advance(at, 4 * SCORE_STEP);
        },
        () => i32.ltU(at, end),
      );
      maxLanes(f, max);
      f.do(v128.store32Lane(0, i32.add(p.factors, row4), max));
    });

    // 2. Four rows at a time: the new maxima, and what they make of the old sums.
    const [old, now, factor] = [f.local('old', 'v128'), f.local('now', 'v128'), f.local('factor', 'v128')];
    f.count('group', i32.shl(p.rows, 2), 16, (group) => {
      f.set(old, v128.load(i32.add(p.maxima, group)));
      f.set(now, f32x4.pmax(old, v128.load(i32.add(p.factors, group))));
      f.do(v128.store(i32.add(p.maxima, group), now));
      // A row without anything visible has no maximum to subtract: −∞ − −∞ is NaN.
      f.set(now, v128.andnot(now, f32x4.eq(now, hidden)));
      f.do(v128.store(i32.add(p.shifts, group), now));
      f.set(factor, f32x4.sub(old, now));
      power(factor);
      f.do(v128.store(i32.add(p.factors, group), factor));
      f.do(
        v128.store(i32.add(p.totals, group), f32x4.mul(v128.load(i32.add(p.totals, group)), factor)),
      );
    });

    // 3. Weights, and their sums.
    const [shift, sum] = [f.local('shift', 'v128'), f.local('sum', 'v128')];
    const weights = [f.local('weight', 'v128'), f.local('weight', 'v128')] as const;
    eachRow((row4) => {
      f.set(shift, v128.load32Splat(i32.add(p.shifts, row4)));
      f.set(sum, f32x4.all(0));
      f.repeat(
        () => {
          for (const offset of [0, 16, 32, 48]) {
            const weight = weights[(offset / 16) % 2];
            f.set(weight, f32x4.sub(v128.load(at, offset), shift));
            power(weight);
            f.set(sum, f32x4.add(sum, weight));
            f.do(v128.store(at, weight, offset));
          }
          f.advance(at, 4 * SCORE_STEP);
        },
        () => i32.ltU(at, end),
      );
      sumLanes(f, sum);
      const total = i32.add(p.totals, row4);
      f.do(f32.store(total, f32.add(f32.load(total), f32x4.extractLane(0, sum))));
    });
  });
}
