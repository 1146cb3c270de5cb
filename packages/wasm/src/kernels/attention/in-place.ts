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
    const { maxima, totals, factors, origins, shifts, visible, sums, next } = at;
    f.call(listVisible, { scores: at.scores, rows, columns, visible });
    f.call(softmax, { scores: at.scores, rows, columns, maxima, totals, factors, origins, shifts });
    f.call(values, { weights: at.scores, values: tile, sums, factors, visible, rows, present, next });
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

/** Defines scores = queries · keysᵀ, two queries and four keys at a time: one of each quarter. */
function defineScores(
  module: ModuleBuilder,
  { simd, headDim }: InPlaceOptions,
): FunctionHandle<typeof SCORES> {
  const madd = multiplyAdd(simd);
  const rowBytes = 4 * headDim;
  const unrolled = headDim % 16 === 0 ? 4 : 1;
  return module.define('scoresInPlace', SCORES, (f, p) => {
    const [q, end, value] = [f.local('q', 'i32'), f.local('q_end', 'i32'), f.local('value', 'v128')];
    const queries = [0, 1].map((row) => ({ row, query: f.local('query', 'v128') }));
    const quarters = inQuarters(f, p.present);
    const places = quarters.firsts.map((first) => ({
      first: f.let('first_key', i32.add(p.keys, i32.mul(first, rowBytes))),
      key: f.local('key', 'i32'),
      /** The sums of each query. */
      sums: queries.map(() => f.local('sum', 'v128')),
    }));
    const last = places[places.length - 1];
    const [row, line] = [f.let('row', p.queries), f.let('line', p.scores)];

    /** Emits the products of queries and the current keys, and moves these on. */
    const products = (keys: typeof places, rows: typeof queries): void => {
      for (const { sums } of keys) for (const sum of sums) f.set(sum, f32x4.all(0));
      f.set(q, row);
      f.set(end, i32.add(row, rowBytes));
      f.repeat(
        () => {
          for (let at = 0; at < 16 * unrolled; at += 16) {
            for (const { row: index, query } of rows) f.set(query, v128.load(q, index * rowBytes + at));
            for (const { key, sums } of keys) {
              f.set(value, v128.load(key, at));
              for (const { row: index, query } of rows) f.set(sums[index], madd(query, value, sums[index]));
            }
          }
          for (const address of [q, ...keys.map(({ key }) => key)]) f.advance(address, 16 * unrolled);
        },
        () => i32.ltU(q, end),
      );
    };
    const compute = (rows: typeof queries): void => {
      for (const { first, key } of places) f.set(key, first);
      const store = (lane: number, index: number, column: I32, scores: V128): void => {
        const to = columnAt(line, column);
        f.do(v128.store32Lane(lane, to, scores, index * SCORE_STRIDE));
      };
      f.count('column', quarters.length, 1, (column) => {
        products(places, rows);
        for (const { row: index } of rows) {
          const four = f.let(
            'four',
            sumOfEach(
              f,
              places.map(({ sums }) => sums[index]),
            ),
          );
          quarters.firsts.forEach((first, lane) => store(lane, index, i32.add(first, column), four));
        }
      });
      const column = f.let('column', quarters.end);
      f.while(column, p.present, 1, () => {
        products([last], rows);
        for (const { row: index } of rows) {
          sumLanes(f, last.sums[index]);
          store(0, index, column, last.sums[index]);
        }
      });
      f.advance(row, rows.length * rowBytes);
      f.advance(line, rows.length * SCORE_STRIDE);
    };
    f.count('pair', i32.shrU(p.rows, 1), 1, () => compute(queries));
    f.if(i32.and(p.rows, 1), () => compute(queries.slice(0, 1)));
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
  /** [Dv], used by this function only: the new sums of a row. */
  next: 'i32',
} as const;

/**
 * Defines sums = factors · sums + weights · values, row by row. Where a sum is no number, it may be one
 * without the values that are hidden, because 0 · ∞ is NaN: the row is computed again without.
 */
function defineValues(
  module: ModuleBuilder,
  { simd, valueDim }: InPlaceOptions,
): FunctionHandle<typeof VALUES> {
  const madd = multiplyAdd(simd);
  const rowBytes = 4 * valueDim;
  const unrolled = valueDim % 16 === 0 ? 4 : 2;
  return module.define('valuesInPlace', VALUES, (f, p) => {
    const [line, bits, to] = [f.let('line', p.weights), f.let('bits', p.visible), f.let('to', p.sums)];
    const [factor, sum, residue] = ['factor', 'sum', 'residue'].map((name) => f.local(name, 'v128'));
    const at = f.local('at', 'i32');
    const quarters = inQuarters(f, p.present);
    const places = quarters.firsts.map((first) => ({
      first,
      value: f.local('value', 'i32'),
      weight: f.local('weight', 'v128'),
    }));
    const last = places[places.length - 1];

    /** Emits the body for each vector of the new sums, and moves the addresses along. */
    const eachVector = (addresses: readonly Local<'i32'>[], body: (offset: number) => void): void => {
      f.set(at, p.next);
      f.repeat(
        () => {
          for (let offset = 0; offset < 16 * unrolled; offset += 16) body(offset);
          for (const address of [at, ...addresses]) f.advance(address, 16 * unrolled);
        },
        () => i32.ltU(at, i32.add(p.next, rowBytes)),
      );
    };
    const setWeight = ({ weight }: (typeof places)[number], column: I32): void =>
      f.set(weight, v128.load32Splat(columnAt(line, column)));
    /** Emits the addition of a row of values at each place, and moves these to the next rows. */
    const add = (rows: typeof places): void =>
      eachVector(
        rows.map(({ value }) => value),
        (offset) => {
          f.set(sum, v128.load(at, offset));
          for (const { value, weight } of rows) f.set(sum, madd(weight, v128.load(value, offset), sum));
          f.do(v128.store(at, sum, offset));
        },
      );
    const begin = (): void => {
      const from = f.let('from', to);
      eachVector([from], (offset) =>
        f.do(v128.store(at, f32x4.mul(v128.load(from, offset), factor), offset)),
      );
    };
    const addAll = (): void => {
      begin();
      for (const { first, value } of places) f.set(value, i32.add(p.values, i32.mul(first, rowBytes)));
      f.count('column', quarters.length, 1, (column) => {
        for (const place of places) setWeight(place, i32.add(place.first, column));
        add(places);
      });
      const column = f.let('column', quarters.end);
      f.while(column, p.present, 1, () => {
        setWeight(last, column);
        add([last]);
      });
    };
    const addVisible = (): void => {
      begin();
      f.count('column', p.present, 1, (column) => {
        const word = i32.load(i32.add(bits, i32.shl(i32.shrU(column, 5), 2)));
        f.if(i32.and(i32.shrU(word, i32.and(column, 31)), 1), () => {
          f.set(last.value, i32.add(p.values, i32.mul(column, rowBytes)));
          setWeight(last, column);
          add([last]);
        });
      });
    };

    f.count('row', p.rows, 1, (row) => {
      f.set(factor, v128.load32Splat(i32.add(p.factors, i32.shl(row, 2))));
      addAll();
      f.set(residue, f32x4.all(0));
      eachVector([], (offset) => {
        f.set(sum, v128.load(at, offset));
        f.set(residue, v128.or(residue, f32x4.sub(sum, sum)));
      });
      f.if(v128.anyTrue(f32x4.ne(residue, f32x4.all(0))), addVisible);
      eachVector([to], (offset) => f.do(v128.store(to, v128.load(at, offset), offset)));
      f.advance(line, SCORE_STRIDE);
      f.advance(bits, 8);
    });
  });
}
