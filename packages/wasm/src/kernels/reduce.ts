/** Kernels that make one number of each slice: sums, which are also divided for means, and maxima that keep NaN. */
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
 * Slices of `count` elements that lie `stride` bytes apart. With a stride of 4 they are rows, one after another; else they are
 * columns, side by side. Results lie side by side. `divisor` is f32; maxima have none.
 */
export const REDUCE = { x: 0, out: 4, slices: 8, count: 12, stride: 16, divisor: 20 } as const;
export const REDUCE_BYTES = 24;

/** Vectors of columns that are reduced together: a line of the cache. */
const VECTORS = 4;

interface Reduction {
  /** What the first element is combined with. */
  readonly start: number;
  combine(a: V128, b: V128): V128;
  /** An element, or what changes nothing in the lanes that do not count. */
  counted(lanes: Lanes, value: V128): V128;
  finish(value: V128, divisor: V128): V128;
}

const SUM: Reduction = {
  start: 0,
  combine: f32x4.add,
  counted: (lanes, value) => lanes.counted(value),
  finish: f32x4.div,
};

/** An element that is repeated in all lanes is the greatest of them no less. */
const MAX: Reduction = {
  start: -Infinity,
  combine: f32x4.max,
  counted: (_, value) => value,
  finish: (value) => value,
};

/** Exports `sum` and `max`, each of a `REDUCE`. */
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
  /** Vectors side by side, `bytes` apart, and on to those after them. */
  const take = (lanes: Lanes, vectors: readonly Local<'v128'>[], bytes: number): void => {
    for (const result of vectors) f.set(result, f32x4.all(reduction.start));
    // Offsets, since the address after the last row may be past the end of all addresses.
    f.count('at', end, stride, (at) =>
      vectors.forEach((result, i) =>
        f.set(result, reduction.combine(result, lanes.read(i32.add(i32.add(x, at), i * bytes)))),
      ),
    );
    vectors.forEach((result, i) => lanes.write(i32.add(out, i * bytes), reduction.finish(result, divisor)));
    f.advance(x, vectors.length * bytes);
    f.advance(out, vectors.length * bytes);
  };
  const left = f.let('left', slices);
  const eachOf = (width: I32, body: () => void): void =>
    f.while(f.let('next', width), i32.add(left, 1), width, body);
  eachOf(4 * VECTORS, () => take(fourLanes(f), results, 16));
  f.set(left, i32.and(left, 4 * VECTORS - 1));
  eachOf(4, () => take(fourLanes(f), results.slice(0, 1), 16));
  f.set(left, i32.and(left, 3));
  eachOf(1, () => take(oneLane(f), results.slice(0, 1), 4));
}
