/**
 * One step of attention where few queries meet a tile of 64 keys and values that lie in memory as the caller
 * has them, row by row. Such a step waits for memory: packing the tile first would move it three times.
 *
 * A step reads in four places of the tile at once, which memory answers faster than reading in one: see
 * `few-rows.ts`. The rows take turns: the first brings the tile into the cache, and the others find it there.
 */
import {
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
import { multiplyAdd, type Simd } from '../arithmetic.ts';
import { sumLanes } from '../vector-math.ts';
import { defineListVisible } from './mask.ts';
import { defineSoftmax, SCORE_STRIDE } from './softmax.ts';
import type { EmitTileStep } from './tile.ts';

/** Vectors of a row's sums that are in registers at the same time. */
const CHUNK = 8;

/** What the functions are specialised to. */
interface InPlaceOptions {
  readonly simd: Simd;
  readonly headDim: number;
  readonly valueDim: number;
}

/** Whether rows of keys and values of these dims are whole vectors and whole panels, and need no packing. */
export function fitsInPlace({ headDim, valueDim }: Omit<InPlaceOptions, 'simd'>): boolean {
  return headDim % 4 === 0 && valueDim % 8 === 0;
}

/** The columns of a tile in four parts, and up to three columns behind these. */
interface Quarters {
  /** Columns of a part. */
  readonly length: Local<'i32'>;
  /** The first column of each part. */
  readonly firsts: readonly Local<'i32'>[];
  /** The first column behind the parts. */
  readonly end: Local<'i32'>;
}

function inQuarters(f: FunctionBuilder, present: I32): Quarters {
  const length = f.let('quarter', i32.shrU(present, 2));
  const [end, ...firsts] = [4, 0, 1, 2, 3].map((part) => f.let('first', i32.mul(length, part)));
  return { length, firsts, end };
}

/** The address of a column of a row of scores. */
function columnAt(line: Local<'i32'>, column: I32): I32 {
  return i32.add(line, i32.shl(column, 2));
}

/** Defines the functions of a step, and returns a function that emits a step. Dims as in `fitsInPlace`. */
export function defineInPlaceStep(module: ModuleBuilder, options: InPlaceOptions): EmitTileStep {
  const scores = defineScores(module, options);
  const listVisible = defineListVisible(module);
  const softmax = defineSoftmax(module, options.simd);
  const values = defineValues(module, options);
  return (f, at, { rows, present, columns, keys, values: tile, changeLogits }) => {
    f.call(scores, { queries: at.queries, keys, scores: at.scores, rows, present });
    changeLogits();
    const { maxima, totals, factors, origins, shifts, visible, sums } = at;
    f.call(listVisible, { scores: at.scores, rows, columns, visible });
    f.call(softmax, { scores: at.scores, rows, columns, maxima, totals, factors, origins, shifts });
    f.call(values, { weights: at.scores, values: tile, sums, factors, visible, rows, present });
  };
}

const SCORES = {
  /** [rows × D], scaled. */
  queries: 'i32',
  /** [present × D]. */
  keys: 'i32',
  /** [64 × 64], written: the first `present` columns. */
  scores: 'i32',
  rows: 'i32',
  present: 'i32',
} as const;

/** Defines scores = queries · keysᵀ, four keys at a time: one of each quarter. */
function defineScores(
  module: ModuleBuilder,
  { simd, headDim }: InPlaceOptions,
): FunctionHandle<typeof SCORES> {
  const madd = multiplyAdd(simd);
  const rowBytes = 4 * headDim;
  const unrolled = headDim % 16 === 0 ? 4 : 1;
  return module.define('scoresInPlace', SCORES, (f, p) => {
    const [q, query, end] = [f.local('q', 'i32'), f.local('query', 'v128'), f.local('q_end', 'i32')];
    const quarters = inQuarters(f, p.present);
    const places = quarters.firsts.map((first) => ({
      first: f.let('first_key', i32.add(p.keys, i32.mul(first, rowBytes))),
      key: f.local('key', 'i32'),
      sum: f.local('sum', 'v128'),
    }));
    /** Emits the products of a query and the current keys, and moves these on. */
    const products = (keys: typeof places, row: Local<'i32'>): void => {
      for (const { sum } of keys) f.set(sum, f32x4.all(0));
      f.set(q, row);
      f.set(end, i32.add(row, rowBytes));
      f.repeat(
        () => {
          for (let at = 0; at < 16 * unrolled; at += 16) {
            f.set(query, v128.load(q, at));
            for (const { key, sum } of keys) f.set(sum, madd(query, v128.load(key, at), sum));
          }
          for (const address of [q, ...keys.map(({ key }) => key)]) f.advance(address, 16 * unrolled);
        },
        () => i32.ltU(q, end),
      );
    };
    const row = f.let('row', p.queries);
    const line = f.let('line', p.scores);
    const four = f.local('four', 'v128');
    f.count('index', p.rows, 1, () => {
      for (const { first, key } of places) f.set(key, first);
      f.count('column', quarters.length, 1, (column) => {
        products(places, row);
        f.set(
          four,
          sumOfEach(
            f,
            places.map(({ sum }) => sum),
          ),
        );
        quarters.firsts.forEach((first, lane) =>
          f.do(v128.store32Lane(lane, columnAt(line, i32.add(first, column)), four)),
        );
      });
      const last = places[places.length - 1];
      const column = f.let('column', quarters.end);
      f.while(column, p.present, 1, () => {
        products([last], row);
        sumLanes(f, last.sum);
        f.do(v128.store32Lane(0, columnAt(line, column), last.sum));
      });
      f.advance(row, rowBytes);
      f.advance(line, SCORE_STRIDE);
    });
  });
}

/** A vector of the sums of the lanes of four vectors. */
function sumOfEach(f: FunctionBuilder, [a, b, c, d]: readonly Local<'v128'>[]): V128 {
  const halves = (x: Local<'v128'>, y: Local<'v128'>): Local<'v128'> =>
    f.let('halves', f32x4.add(v128.shuffle(x, y, [0, 4, 1, 5]), v128.shuffle(x, y, [2, 6, 3, 7])));
  const [ab, cd] = [halves(a, b), halves(c, d)];
  return f32x4.add(v128.shuffle(ab, cd, [0, 1, 4, 5]), v128.shuffle(ab, cd, [2, 3, 6, 7]));
}

const VALUES = {
  /** [64 × 64]. */
  weights: 'i32',
  /** [present × Dv]. */
  values: 'i32',
  /** [64 × Dv] = factors · sums + weights · values. */
  sums: 'i32',
  factors: 'i32',
  /** [64 × 2] i32: a bit for each pair that is not hidden. */
  visible: 'i32',
  rows: 'i32',
  present: 'i32',
} as const;

/**
 * Defines sums = factors · sums + weights · values, a part of a row at a time. Where a sum is no number, it
 * may be one without the values that are hidden, because 0 · ∞ is NaN: the part is computed again without.
 */
function defineValues(
  module: ModuleBuilder,
  { simd, valueDim }: InPlaceOptions,
): FunctionHandle<typeof VALUES> {
  const madd = multiplyAdd(simd);
  const rowBytes = 4 * valueDim;
  return module.define('valuesInPlace', VALUES, (f, p) => {
    const sums = Array.from({ length: Math.min(CHUNK, valueDim / 4) }, (_, i) => f.local(`sum${i}`, 'v128'));
    const [factor, weight] = [f.local('factor', 'v128'), f.local('weight', 'v128')];
    const [from, to] = [f.local('from', 'i32'), f.local('to', 'i32')];
    const [line, bits] = [f.let('line', p.weights), f.let('bits', p.visible)];
    const quarters = inQuarters(f, p.present);
    const values = quarters.firsts.map(() => f.local('value', 'i32'));

    const addUp = (part: readonly Local<'v128'>[], isVisible?: (column: I32) => I32): void => {
      part.forEach((sum, i) => f.set(sum, f32x4.mul(v128.load(to, 16 * i), factor)));
      values.forEach((value, i) => f.set(value, i32.add(from, i32.mul(quarters.firsts[i], rowBytes))));
      const addRow = (value: Local<'i32'>, column: I32): void => {
        const add = (): void => {
          f.set(weight, v128.load32Splat(columnAt(line, column)));
          part.forEach((sum, i) => f.set(sum, madd(weight, v128.load(value, 16 * i), sum)));
        };
        if (isVisible) f.if(isVisible(column), add);
        else add();
        f.advance(value, rowBytes);
      };
      f.count('column', quarters.length, 1, (column) =>
        values.forEach((value, i) => addRow(value, i32.add(quarters.firsts[i], column))),
      );
      const column = f.let('column', quarters.end);
      f.while(column, p.present, 1, () => addRow(values[values.length - 1], column));
    };
    const bitOf = (column: I32): I32 => {
      const word = i32.load(i32.add(bits, i32.shl(i32.shrU(column, 5), 2)));
      return i32.and(i32.shrU(word, i32.and(column, 31)), 1);
    };
    const compute = (part: readonly Local<'v128'>[]): void => {
      addUp(part);
      const residues = part.map((sum): V128 => f32x4.sub(sum, sum));
      const residue = f.let(
        'residue',
        residues.reduce((all, x) => v128.or(all, x)),
      );
      f.if(v128.anyTrue(f32x4.ne(residue, f32x4.all(0))), () => addUp(part, bitOf));
      part.forEach((sum, i) => f.do(v128.store(to, sum, 16 * i)));
      f.advance(from, 16 * part.length);
      f.advance(to, 16 * part.length);
    };
    const vectors = valueDim / 4;
    f.set(to, p.sums);
    f.count('row', p.rows, 1, (row) => {
      f.set(factor, v128.load32Splat(i32.add(p.factors, i32.shl(row, 2))));
      f.set(from, p.values);
      f.count('chunk', Math.floor(vectors / CHUNK), 1, () => compute(sums));
      if (vectors % CHUNK > 0) compute(sums.slice(0, vectors % CHUNK));
      f.advance(line, SCORE_STRIDE);
      f.advance(bits, 8);
    });
  });
}
