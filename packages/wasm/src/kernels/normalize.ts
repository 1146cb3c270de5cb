/** Kernels that normalise slices: rows by their variance or mean square, rows and columns by softmax. */
import {
  f32,
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { eachOfRow, fourLanes, oneLane, type Lanes } from './pointwise.ts';
import { exp2, maxLanes, sumLanes, type InPlace } from './vector-math.ts';

/**
 * Layout of a task of `layerNorm` and `rmsNorm`: `rows` rows of `count` elements, one after another. `weight`
 * and `bias` are addresses of [count] numbers, or 0. `eps` and `weightOffset` are f32. Layer normalisation
 * has no `weightOffset`, the other no `bias`.
 */
export const ROW_NORM = {
  x: 0,
  out: 4,
  rows: 8,
  count: 12,
  weight: 16,
  bias: 20,
  eps: 24,
  weightOffset: 28,
} as const;

/** Bytes of a `ROW_NORM`. */
export const ROW_NORM_BYTES = 32;

/**
 * Layout of a task of `softmax`: slices of `count` elements that lie `stride` bytes apart. With a stride of 4
 * slices are rows, one after another; else they are columns, side by side.
 */
export const SOFTMAX = { x: 0, out: 4, slices: 8, count: 12, stride: 16 } as const;

/** Bytes of a `SOFTMAX`. */
export const SOFTMAX_BYTES = 20;

/** The module: exports `layerNorm(task: ROW_NORM)`, `rmsNorm(task: ROW_NORM)`, `softmax(task: SOFTMAX)`. */
export function normalizeModule({
  simd,
  sharedMemory,
}: {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
}): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  const kernel = { task: 'i32', scratch: 'i32' } as const;
  module.export(module.define('layerNorm', kernel, (f, { task }) => layerNorm(f, task)));
  module.export(module.define('rmsNorm', kernel, (f, { task }) => rmsNorm(f, task)));
  module.export(module.define('softmax', kernel, (f, { task }) => softmax(f, simd, task)));
  return module;
}

/**
 * Emits (x − mean) / √(variance + eps) · weight + bias.
 * Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450
 */
function layerNorm(f: FunctionBuilder, task: Local<'i32'>): void {
  const field = (name: 'x' | 'out' | 'rows' | 'count' | 'weight' | 'bias'): Local<'i32'> =>
    f.let(name, i32.load(task, ROW_NORM[name]));
  const [x, out, count, weight, bias] = [
    field('x'),
    field('out'),
    field('count'),
    field('weight'),
    field('bias'),
  ];
  const length = f.let('elements', f32x4.splat(f32.convertI32U(count)));
  const [sum, mean, factor] = [f.local('sum', 'v128'), f.local('mean', 'v128'), f.local('factor', 'v128')];
  const value = f.local('value', 'v128');
  const meanOf = (term: (element: Local<'v128'>) => V128, into: Local<'v128'>): void => {
    f.set(sum, f32x4.all(0));
    eachOfRow(f, count, ({ read, counted }, at) => {
      f.set(value, read(i32.add(x, at)));
      f.set(sum, f32x4.add(sum, counted(term(value))));
    });
    sumLanes(f, sum);
    f.set(into, f32x4.div(sum, length));
  };
  f.count('row', field('rows'), 1, () => {
    meanOf((element) => element, mean);
    meanOf((element) => f32x4.mul(f32x4.sub(element, mean), f32x4.sub(element, mean)), factor);
    f.set(factor, f32x4.sqrt(f32x4.add(factor, v128.load32Splat(task, ROW_NORM.eps))));
    f.set(factor, f32x4.div(f32x4.all(1), factor));
    eachOfRow(f, count, ({ read, write }, at) => {
      f.set(value, f32x4.mul(f32x4.sub(read(i32.add(x, at)), mean), factor));
      f.if(weight, () => f.set(value, f32x4.mul(value, read(i32.add(weight, at)))));
      f.if(bias, () => f.set(value, f32x4.add(value, read(i32.add(bias, at)))));
      write(i32.add(out, at), value);
    });
    f.advance(x, i32.shl(count, 2));
    f.advance(out, i32.shl(count, 2));
  });
}

/**
 * Emits x / √(mean of x² + eps) · (weight + weightOffset).
 * Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467
 */
function rmsNorm(f: FunctionBuilder, task: Local<'i32'>): void {
  const field = (name: 'x' | 'out' | 'rows' | 'count' | 'weight'): Local<'i32'> =>
    f.let(name, i32.load(task, ROW_NORM[name]));
  const [x, out, count, weight] = [field('x'), field('out'), field('count'), field('weight')];
  const length = f.let('elements', f32x4.splat(f32.convertI32U(count)));
  const offset = f.let('offset', v128.load32Splat(task, ROW_NORM.weightOffset));
  const [factor, value] = [f.local('factor', 'v128'), f.local('value', 'v128')];
  f.count('row', field('rows'), 1, () => {
    f.set(factor, f32x4.all(0));
    eachOfRow(f, count, ({ read, counted }, at) => {
      f.set(value, read(i32.add(x, at)));
      f.set(factor, f32x4.add(factor, counted(f32x4.mul(value, value))));
    });
    sumLanes(f, factor);
    f.set(factor, f32x4.add(f32x4.div(factor, length), v128.load32Splat(task, ROW_NORM.eps)));
    f.set(factor, f32x4.div(f32x4.all(1), f32x4.sqrt(factor)));
    eachOfRow(f, count, ({ read, write }, at) => {
      f.set(value, f32x4.mul(read(i32.add(x, at)), factor));
      f.if(weight, () => f.set(value, f32x4.mul(value, f32x4.add(read(i32.add(weight, at)), offset))));
      write(i32.add(out, at), value);
    });
    f.advance(x, i32.shl(count, 2));
    f.advance(out, i32.shl(count, 2));
  });
}

/** Emits e^(x − greatest) over the sum of all; 0 in a slice of −∞. */
function softmax(f: FunctionBuilder, simd: Simd, task: Local<'i32'>): void {
  const field = (name: keyof typeof SOFTMAX): Local<'i32'> => f.let(name, i32.load(task, SOFTMAX[name]));
  const [x, out, slices, count, stride] = [
    field('x'),
    field('out'),
    field('slices'),
    field('count'),
    field('stride'),
  ];
  const slice = sliceSoftmax(f, exp2(f, simd), x, out);
  const move = (bytes: I32): void => {
    f.advance(x, bytes);
    f.advance(out, bytes);
  };
  f.if(
    i32.eq(stride, 4),
    () =>
      f.count('row', slices, 1, () => {
        slice(
          (body) => eachOfRow(f, count, body),
          (greatest) => maxLanes(f, greatest),
          (sum) => sumLanes(f, sum),
        );
        move(i32.shl(count, 2));
      }),
    () => {
      const end = f.let('end', i32.mul(count, stride));
      const columns = (lanes: Lanes): void =>
        slice((body) => {
          const at = f.let('at', 0);
          f.while(at, end, stride, () => body({ ...lanes, counted: (value) => value }, at));
        });
      const remaining = f.let('remaining', slices);
      f.while(f.let('four', 4), i32.add(slices, 1), 4, () => {
        columns(fourLanes(f));
        move(16);
        f.set(remaining, i32.sub(remaining, 4));
      });
      f.count('single', remaining, 1, () => {
        columns(oneLane(f));
        move(4);
      });
    },
  );
}

/** Emits a loop over the elements of a slice. */
type ForEachElement = (body: (lanes: Lanes, at: Local<'i32'>) => void) => void;

/**
 * Emits three passes over a slice, or over four slices at a time. Lanes are joined if they
 * belong to one slice.
 */
function sliceSoftmax(
  f: FunctionBuilder,
  power: InPlace,
  x: Local<'i32'>,
  out: Local<'i32'>,
): (forEachElement: ForEachElement, joinGreatest?: InPlace, joinSum?: InPlace) => void {
  const [greatest, sum, value] = [
    f.local('greatest', 'v128'),
    f.local('sum', 'v128'),
    f.local('value', 'v128'),
  ];
  const hidden = f.let('hidden', f32x4.all(-Infinity));
  return (forEachElement, joinGreatest, joinSum) => {
    f.set(greatest, hidden);
    forEachElement(({ read }, at) => f.set(greatest, f32x4.pmax(greatest, read(i32.add(x, at)))));
    joinGreatest?.(greatest);
    f.set(greatest, v128.andnot(greatest, f32x4.eq(greatest, hidden)));
    f.set(sum, f32x4.all(0));
    forEachElement(({ read, write, counted }, at) => {
      f.set(value, f32x4.mul(f32x4.sub(read(i32.add(x, at)), greatest), f32x4.all(Math.LOG2E)));
      power(value);
      f.set(sum, f32x4.add(sum, counted(value)));
      write(i32.add(out, at), value);
    });
    joinSum?.(sum);
    // 1 / 0 would be ∞, and ∞ · 0 is NaN.
    f.set(sum, v128.andnot(f32x4.div(f32x4.all(1), sum), f32x4.eq(sum, f32x4.all(0))));
    forEachElement(({ read, write }, at) => write(i32.add(out, at), f32x4.mul(read(i32.add(out, at)), sum)));
  };
}
