/**
 * Kernels that reduce each slice to one number: sums, which are divided for means, and maxima that keep NaN.
 */
import {
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../assembler/index.ts';
import { eachOfRow, fourLanes, oneLane, type Lanes } from './pointwise.ts';
import { joinLanes } from './vector-math.ts';

/**
 * Layout of a task: slices of `count` elements that lie `stride` bytes apart. With a stride of 4 slices are
 * rows, one after another; else they are columns, side by side. Results lie side by side. `divisor` is f32;
 * maxima do not use it.
 */
export const REDUCE = { x: 0, out: 4, slices: 8, count: 12, stride: 16, divisor: 20 } as const;

/** Bytes of a `REDUCE`. */
export const REDUCE_BYTES = 24;

/** Number of vectors of columns that are reduced together: a line of the cache. */
const VECTORS = 4;

interface Reduction {
  /** The number that the first element is combined with. */
  readonly start: number;
  combine(a: V128, b: V128): V128;
  /** An element, with a neutral number in lanes that do not count. */
  counted(lanes: Lanes, value: V128): V128;
  finish(value: V128, divisor: V128): V128;
}

const SUM: Reduction = {
  start: 0,
  combine: f32x4.add,
  counted: (lanes, value) => lanes.counted(value),
  finish: f32x4.div,
};

/** Maxima. An element that is repeated in all lanes does not change the maximum. */
const MAX: Reduction = {
  start: -Infinity,
  combine: f32x4.max,
  counted: (_, value) => value,
  finish: (value) => value,
};

/** The module: exports `sum(task: REDUCE)` and `max(task: REDUCE)`. */
export function reduceModule({ sharedMemory }: { readonly sharedMemory: boolean }): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  for (const [name, reduction] of Object.entries({ sum: SUM, max: MAX })) {
    module.export(
      module.define(name, { task: 'i32', scratch: 'i32' }, (f, { task }) => reduce(f, task, reduction)),
    );
  }
  return module;
}

function reduce(f: FunctionBuilder, task: Local<'i32'>, reduction: Reduction): void {
  const field = (name: 'x' | 'out' | 'slices' | 'count' | 'stride'): Local<'i32'> =>
    f.let(name, i32.load(task, REDUCE[name]));
  const [x, out, slices, count] = [field('x'), field('out'), field('slices'), field('count')];
  const stride = field('stride');
  const divisor = f.let('divisor', v128.load32Splat(task, REDUCE.divisor));
  f.if(
    i32.eq(stride, 4),
    () => rows(f, { x, out, slices, count, divisor }, reduction),
    () => columns(f, { x, out, slices, count, stride, divisor }, reduction),
  );
}

interface Slices {
  readonly x: Local<'i32'>;
  readonly out: Local<'i32'>;
  readonly slices: Local<'i32'>;
  readonly count: Local<'i32'>;
  readonly divisor: Local<'v128'>;
}

function rows(f: FunctionBuilder, { x, out, slices, count, divisor }: Slices, reduction: Reduction): void {
  const result = f.local('result', 'v128');
  f.count('row', slices, 1, () => {
    f.set(result, f32x4.all(reduction.start));
    eachOfRow(f, count, (lanes, at) =>
      f.set(result, reduction.combine(result, reduction.counted(lanes, lanes.read(i32.add(x, at))))),
    );
    joinLanes(f, result, reduction.combine);
    oneLane(f).write(out, reduction.finish(result, divisor));
    f.advance(x, i32.shl(count, 2));
    f.advance(out, 4);
  });
}

function columns(
  f: FunctionBuilder,
  { x, out, slices, count, stride, divisor }: Slices & { readonly stride: Local<'i32'> },
  reduction: Reduction,
): void {
  const end = f.let('end', i32.mul(count, stride));
  const results = Array.from({ length: VECTORS }, (_, i) => f.local(`result${i}`, 'v128'));
  /** Emits the reduction of vectors side by side, `bytes` apart, and advances to the vectors after them. */
  const reduceVectors = (lanes: Lanes, vectors: readonly Local<'v128'>[], bytes: number): void => {
    for (const result of vectors) f.set(result, f32x4.all(reduction.start));
    // Counts offsets, because the address after the last row may exceed the last of all addresses.
    f.count('at', end, stride, (at) =>
      vectors.forEach((result, i) =>
        f.set(result, reduction.combine(result, lanes.read(i32.add(i32.add(x, at), i * bytes)))),
      ),
    );
    vectors.forEach((result, i) => lanes.write(i32.add(out, i * bytes), reduction.finish(result, divisor)));
    f.advance(x, vectors.length * bytes);
    f.advance(out, vectors.length * bytes);
  };
  const remaining = f.let('remaining', slices);
  const eachOf = (width: I32, body: () => void): void =>
    f.while(f.let('next', width), i32.add(remaining, 1), width, body);
  eachOf(4 * VECTORS, () => reduceVectors(fourLanes(f), results, 16));
  f.set(remaining, i32.and(remaining, 4 * VECTORS - 1));
  eachOf(4, () => reduceVectors(fourLanes(f), results.slice(0, 1), 16));
  f.set(remaining, i32.and(remaining, 3));
  eachOf(1, () => reduceVectors(oneLane(f), results.slice(0, 1), 4));
}
