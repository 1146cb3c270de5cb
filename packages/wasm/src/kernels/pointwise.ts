/** Kernels that compute each element by itself: functions of one number, and of two. */
import { BINARY_OPS, UNARY_FUNCTIONS, type BinaryOp } from '@attn/core/backend';
import {
  f32x4,
  i32,
  i32x4,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { UNARY } from './unary.ts';

/** `count` elements from `x` to `out`. */
export const MAP = { x: 0, out: 4, count: 8 } as const;
export const MAP_BYTES = 12;

/**
 * Rows of two operands and of the result. Along a row, an operand is either read element by element (`step`
 * 4) or is one number for all of it (`step` 0); from row to row each moves by its own stride.
 */
export const COMBINE = {
  a: 0,
  aStep: 4,
  aRow: 8,
  b: 12,
  bStep: 16,
  bRow: 20,
  out: 24,
  count: 28,
  rows: 32,
} as const;
export const COMBINE_BYTES = 36;

/** The functions of two numbers. `max` and `min` are NaN where an operand is. */
const BINARY: Readonly<Record<BinaryOp, (a: V128, b: V128) => V128>> = {
  add: f32x4.add,
  sub: f32x4.sub,
  mul: f32x4.mul,
  div: f32x4.div,
  max: f32x4.max,
  min: f32x4.min,
};

/** Exports a kernel for each function: those of one number read a `MAP`, those of two a `COMBINE`. */
export function pointwiseModule({
  simd,
  sharedMemory,
}: {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
}): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  for (const name of UNARY_FUNCTIONS) {
    const kernel = module.define(name, { task: 'i32', scratch: 'i32' }, (f, { task }) => {
      const apply = UNARY[name](f, simd);
      const x = f.local('x_value', 'v128');
      const from = f.let('from', i32.load(task, MAP.x));
      const to = f.let('to', i32.load(task, MAP.out));
      eachOfRow(f, i32.load(task, MAP.count), ({ read, write }, at) => {
        f.set(x, read(i32.add(from, at)));
        apply(x);
        write(i32.add(to, at), x);
      });
    });
    module.export(kernel);
  }
  for (const name of BINARY_OPS) {
    const kernel = module.define(name, { task: 'i32', scratch: 'i32' }, (f, { task }) =>
      combineRows(f, task, BINARY[name]),
    );
    module.export(kernel);
  }
  return module;
}

/** How elements are handled: four at a time, or the last few one by one, spread over all lanes. */
export interface Lanes {
  read(address: I32): V128;
  write(address: I32, value: V128): void;
  /** The lanes that count in a sum: all, or the first. */
  counted(value: V128): V128;
}

/**
 * Emits the body twice: for vectors of four elements, and for the last few elements. `at` is the offset in
 * bytes.
 */
export function eachOfRow(
  f: FunctionBuilder,
  count: I32,
  body: (lanes: Lanes, at: Local<'i32'>) => void,
): void {
  const bytes = f.let('bytes', i32.shl(count, 2));
  const vectors = f.let('vector_bytes', i32.and(bytes, -16));
  const at = f.let('at', 0);
  f.while(at, vectors, 16, () => body(fourLanes(f), at));
  f.while(at, bytes, 4, () => body(oneLane(f), at));
}

/** Elements four at a time. */
export function fourLanes(f: FunctionBuilder): Lanes {
  return {
    read: (address) => v128.load(address),
    write: (address, value) => f.do(v128.store(address, value)),
    counted: (value) => value,
  };
}

/** One element at a time. */
export function oneLane(f: FunctionBuilder): Lanes {
  return {
    read: (address) => v128.load32Splat(address),
    write: (address, value) => f.do(v128.store32Lane(0, address, value)),
    counted: (value) => v128.and(value, i32x4.const(-1, 0, 0, 0)),
  };
}

function combineRows(f: FunctionBuilder, task: Local<'i32'>, operation: (a: V128, b: V128) => V128): void {
  const field = (name: keyof typeof COMBINE): Local<'i32'> => f.let(name, i32.load(task, COMBINE[name]));
  const [a, b, out, count] = [field('a'), field('b'), field('out'), field('count')];
  const [aStep, bStep, aRow, bRow] = [field('aStep'), field('bStep'), field('aRow'), field('bRow')];
  const rowBytes = f.let('row_bytes', i32.shl(count, 2));
  const single = f.local('single', 'v128');
  f.count('row', i32.load(task, COMBINE.rows), 1, () => {
    f.if(
      aStep,
      () =>
        f.if(
          bStep,
          () =>
            eachOfRow(f, count, ({ read, write }, at) =>
              write(i32.add(out, at), operation(read(i32.add(a, at)), read(i32.add(b, at)))),
            ),
          () => {
            f.set(single, v128.load32Splat(b));
            eachOfRow(f, count, ({ read, write }, at) =>
              write(i32.add(out, at), operation(read(i32.add(a, at)), single)),
            );
          },
        ),
      () => {
        f.set(single, v128.load32Splat(a));
        f.if(
          bStep,
          () =>
            eachOfRow(f, count, ({ read, write }, at) =>
              write(i32.add(out, at), operation(single, read(i32.add(b, at)))),
            ),
          () => {
            f.set(single, operation(single, v128.load32Splat(b)));
            eachOfRow(f, count, ({ write }, at) => write(i32.add(out, at), single));
          },
        );
      },
    );
    f.advance(a, aRow);
    f.advance(b, bRow);
    f.advance(out, rowBytes);
  });
}
