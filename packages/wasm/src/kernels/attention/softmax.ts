/**
 * The online softmax of a tile: weights relative to the greatest logit so far, and the factors by which
 * earlier sums shrink. Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867; Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135
 *
 * A weight is e^(logit − max) = 2^(logit · log2 e − max · log2 e). If large products were rounded, their
 * errors would show in the weights. With fused multiply–add only the difference is rounded, when it is small.
 * The rounding error of max · log2 e is the same for the whole row and cancels, but it has to be small
 * itself: for a maximum of 10¹⁰ it is about 500, and 2^500 is no float. So the maxima of near rows (see
 * `NEAR`) are multiplied first. Those of far rows, and of all rows without fused multiply–add, are subtracted
 * first. Both cases are
 *
 *     weight = 2^((logit − origin) · log2 e − shift)
 *
 * with an origin of 0 or a shift of 0. Origin and shift follow from the maximum alone, so that weights and
 * factors always agree on them.
 */
import {
  f32,
  f32x4,
  i32,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { exp2, maxLanes, sumLanes } from '../vector-math.ts';

/** Bytes of a row of scores: 64 floats. */
export const SCORE_STRIDE = 256;

/** Number of columns that are computed at a time. */
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
  /** [64], written: the factors by which the rows' earlier sums shrink. */
  factors: 'i32',
  /** [64] each, used by this function only: origins, and negated shifts. */
  origins: 'i32',
  shifts: 'i32',
} as const;

/**
 * The largest |max| of a near row: the rounding error of max · log2 e is at most 1, and changes weights by a
 * factor of at most 2.
 */
const NEAR = 2 ** 24;

/** log(Σ e^logit) of a row, from its maximum and the sum of its weights; −∞ where it saw no key. */
export function logSumExp(simd: Simd, max: number, total: number): number {
  if (total === 0) return -Infinity;
  const error = simd === 'relaxed' && Math.abs(max) <= NEAR ? shiftError(max) : 0;
  return max + Math.log(total) + error * Math.LN2;
}

/** The rounding error of a near row's shift: how much it exceeds max · log2 e. */
function shiftError(max: number): number {
  const exact = max * Math.fround(Math.LOG2E);
  return Math.fround(exact) - exact;
}

/** The exponent at which the weights of four rows are 1. */
interface WeightBase {
  readonly origin: Local<'v128'>;
  readonly shift: Local<'v128'>;
  readonly isFar: Local<'v128'>;
  /** Emits code that sets the base from the rows' maxima. */
  readonly setFrom: (maxima: Local<'v128'>) => void;
}

function weightBase(
  f: FunctionBuilder,
  { isFused, hidden, log2e }: { readonly isFused: boolean; readonly hidden: V128; readonly log2e: V128 },
): WeightBase {
  const [origin, shift, isFar] = ['origin', 'shift', 'is_far'].map((name) => f.local(name, 'v128'));
  const setFrom = (maxima: Local<'v128'>): void => {
    // A row without anything visible has no maximum to subtract: −∞ − −∞ is NaN.
    f.set(origin, v128.andnot(maxima, f32x4.eq(maxima, hidden)));
    if (!isFused) return;
    f.set(isFar, f32x4.gt(f32x4.abs(origin), f32x4.all(NEAR)));
    f.set(shift, f32x4.mul(v128.andnot(origin, isFar), log2e));
    f.set(origin, v128.and(origin, isFar));
  };
  return { origin, shift, isFar, setFrom };
}

/** Defines the function that turns a tile of logits into weights, and brings the softmax up to date. */
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
    const eachRow = (body: (row4: I32) => void): void => {
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

    // 2. Four rows at a time: the new maxima, and the factors of earlier sums.
    const [max4, far] = [f.local('maxima', 'v128'), f.local('far', 'v128')];
    const [before, after] = [0, 1].map(() => weightBase(f, { isFused, hidden, log2e }));
    const factor = f.local('factor', 'v128');
    f.set(far, f32x4.all(0));
    f.count('group', i32.shl(p.rows, 2), 16, (group) => {
      const [maxima, totals, factors] = [p.maxima, p.totals, p.factors].map((array) => i32.add(array, group));
      f.set(max4, v128.load(maxima));
      const isEmpty = f.let('empty', f32x4.eq(max4, hidden));
      before.setFrom(max4);
      f.set(max4, f32x4.pmax(max4, v128.load(factors)));
      f.do(v128.store(maxima, max4));
      after.setFrom(max4);
      f.set(factor, f32x4.sub(before.origin, after.origin));
      f.set(
        factor,
        isFused
          ? f32x4.relaxedMadd(factor, log2e, f32x4.sub(before.shift, after.shift))
          : f32x4.mul(factor, log2e),
      );
      power(factor);
      f.set(factor, v128.andnot(factor, isEmpty));
      f.do(
        v128.store(factors, factor),
        v128.store(totals, f32x4.mul(v128.load(totals), factor)),
        v128.store(i32.add(p.origins, group), after.origin),
      );
      if (isFused) {
        f.do(v128.store(i32.add(p.shifts, group), f32x4.neg(after.shift)));
        f.set(far, v128.or(far, after.isFar));
      }
    });

    // 3. Weights, and their sums.
    const [origin, shift, sum] = [
      f.local('origin', 'v128'),
      f.local('shift', 'v128'),
      f.local('sum', 'v128'),
    ];
    const weights = [f.local('weight', 'v128'), f.local('weight', 'v128')] as const;
    const rowOf = (array: Local<'i32'>, row4: I32): V128 => v128.load32Splat(i32.add(array, row4));
    const weigh = (
      offsets: readonly number[],
      begin: (row4: I32) => void,
      exponent: (logit: V128) => V128,
    ): void =>
      eachRow((row4) => {
        begin(row4);
        f.set(sum, f32x4.all(0));
        f.repeat(
          () => {
            offsets.forEach((offset, index) => {
              const weight = weights[index % 2];
              f.set(weight, exponent(v128.load(at, offset)));
              power(weight);
              f.set(sum, f32x4.add(sum, weight));
              f.do(v128.store(at, weight, offset));
            });
            f.advance(at, 16 * offsets.length);
          },
          () => i32.ltU(at, end),
        );
        sumLanes(f, sum);
        const total = i32.add(p.totals, row4);
        f.do(f32.store(total, f32.add(f32.load(total), f32x4.extractLane(0, sum))));
      });
    const setOrigin = (row4: I32): void => f.set(origin, rowOf(p.origins, row4));
    const setShift = (row4: I32): void => f.set(shift, rowOf(p.shifts, row4));
    const step = [0, 16, 32, 48];
    if (!isFused) {
      weigh(step, setOrigin, (logit) => f32x4.mul(f32x4.sub(logit, origin), log2e));
      return;
    }
    f.if(
      v128.anyTrue(far),
      () => {
        const setBoth = (row4: I32): void => [setOrigin, setShift].forEach((set) => set(row4));
        weigh([0], setBoth, (logit) => f32x4.relaxedMadd(f32x4.sub(logit, origin), log2e, shift));
      },
      () => weigh(step, setShift, (logit) => f32x4.relaxedMadd(logit, log2e, shift)),
    );
  });
}
