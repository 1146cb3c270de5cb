/**
 * The online softmax of a tile: weights relative to the greatest logit so far, and by how much what was summed before shrinks.
 *
 * A weight is e^(logit − max) = 2^(logit · log2 e − max · log2 e). Logits may be thousands, and what is rounded off them would show
 * in the weights. With fused multiply–add the difference is rounded once, when it is small; the rounding of max · log2 e is the same
 * for the whole row and cancels. Without it, the difference is taken first. Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867; Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135
 */
import {
  f32,
  f32x4,
  i32,
  v128,
  type FunctionHandle,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
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
  /** [64]: what the weights are relative to, in `shiftUnit`s: `maxima`, but 0 for rows that have seen nothing. */
  shifts: 'i32',
} as const;

/** What a shift counts: the natural logarithm of a weight is log(weight) = logit − shift · unit. */
export function shiftUnit(simd: Simd): number {
  return simd === 'relaxed' ? Math.LN2 : 1;
}

/** Emits the shift of rows with these maxima; 0 is that of rows that have seen nothing. */
export function toShift(simd: Simd, maxima: V128, log2e: V128): V128 {
  return simd === 'relaxed' ? f32x4.mul(maxima, log2e) : maxima;
}

/** Defines the function. */
export function defineSoftmax(module: ModuleBuilder, simd: Simd): FunctionHandle<typeof PARAMETERS> {
  return module.define('softmax', PARAMETERS, (f, p) => {
    const power = exp2(f, simd);
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    const log2e = f.let('log2e', f32x4.all(Math.LOG2E));
    const isFused = simd === 'relaxed';
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
      const [maxima, shifts, totals, factors] = [p.maxima, p.shifts, p.totals, p.factors].map((array) =>
        i32.add(array, group),
      );
      f.set(old, v128.load(maxima));
      f.set(now, f32x4.pmax(old, v128.load(factors)));
      f.do(v128.store(maxima, now));
      // A row without anything visible has no maximum to subtract: −∞ − −∞ is NaN.
      f.set(now, v128.andnot(now, f32x4.eq(now, hidden)));
      f.set(now, toShift(simd, now, log2e));
      f.set(factor, f32x4.sub(v128.load(shifts), now));
      if (!isFused) f.set(factor, f32x4.mul(factor, log2e));
      f.do(v128.store(shifts, now));
      power(factor);
      f.set(factor, v128.andnot(factor, f32x4.eq(old, hidden)));
      f.do(v128.store(factors, factor));
      f.do(v128.store(totals, f32x4.mul(v128.load(totals), factor)));
    });

    // 3. Weights, and their sums.
    const [shift, sum] = [f.local('shift', 'v128'), f.local('sum', 'v128')];
    const weights = [f.local('weight', 'v128'), f.local('weight', 'v128')] as const;
    eachRow((row4) => {
      f.set(shift, v128.load32Splat(i32.add(p.shifts, row4)));
      if (isFused) f.set(shift, f32x4.neg(shift));
      f.set(sum, f32x4.all(0));
      f.repeat(
        () => {
          for (const offset of [0, 16, 32, 48]) {
            const weight = weights[(offset / 16) % 2];
            const logit = v128.load(at, offset);
            f.set(
              weight,
              isFused ? f32x4.relaxedMadd(logit, log2e, shift) : f32x4.mul(f32x4.sub(logit, shift), log2e),
            );
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
