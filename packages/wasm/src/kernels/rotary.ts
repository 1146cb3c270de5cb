/** Kernels that turn pairs of numbers. Su et al. 2021, https://arxiv.org/abs/2104.09864 */
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
import { eachOfRow } from './pointwise.ts';

/**
 * Layout of a task. It has `rows` rows of `width` numbers, one after another; 2 · `pairs` of each are turned.
 * `cos` and `sin` are addresses of [pairs] numbers for the first row. Those of the next row lie `tableRow`
 * bytes further.
 */
export const ROTARY = {
  x: 0,
  out: 4,
  cos: 8,
  sin: 12,
  tableRow: 16,
  rows: 20,
  pairs: 24,
  width: 28,
} as const;

/** Bytes of a `ROTARY`. */
export const ROTARY_BYTES = 32;

/** The module: exports `halves(task: ROTARY)` and `neighbours(task: ROTARY)`. */
export function rotaryModule({ sharedMemory }: { readonly sharedMemory: boolean }): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  const kernel = { task: 'i32', scratch: 'i32' } as const;
  module.export(module.define('halves', kernel, (f, { task }) => eachRow(f, task, turnHalves)));
  module.export(module.define('neighbours', kernel, (f, { task }) => eachRow(f, task, turnNeighbours)));
  return module;
}

/** Where a row and its angles are, and how many pairs it has. */
interface Row {
  readonly x: Local<'i32'>;
  readonly out: Local<'i32'>;
  readonly cos: Local<'i32'>;
  readonly sin: Local<'i32'>;
  readonly pairs: Local<'i32'>;
}

/** Emits a loop over rows: `turn` emits the pairs, and what is in no pair is copied. */
function eachRow(f: FunctionBuilder, task: Local<'i32'>, turn: (f: FunctionBuilder, row: Row) => void): void {
  const field = (name: keyof typeof ROTARY): Local<'i32'> => f.let(name, i32.load(task, ROTARY[name]));
  const row = {
    x: field('x'),
    out: field('out'),
    cos: field('cos'),
    sin: field('sin'),
    pairs: field('pairs'),
  };
  const { x, out, cos, sin, pairs } = row;
  const [tableRow, width] = [field('tableRow'), field('width')];
  const turned = f.let('turned', i32.shl(pairs, 3));
  const [restFrom, restTo] = [f.local('rest_from', 'i32'), f.local('rest_to', 'i32')];
  f.count('row', field('rows'), 1, () => {
    turn(f, row);
    f.set(restFrom, i32.add(x, turned));
    f.set(restTo, i32.add(out, turned));
    eachOfRow(f, i32.sub(width, i32.shl(pairs, 1)), ({ read, write }, at) =>
      write(i32.add(restTo, at), read(i32.add(restFrom, at))),
    );
    for (const pointer of [x, out]) f.advance(pointer, i32.shl(width, 2));
    for (const pointer of [cos, sin]) f.advance(pointer, tableRow);
  });
}

/** Emits the pairs (i, i + pairs). */
function turnHalves(f: FunctionBuilder, { x, out, cos, sin, pairs }: Row): void {
  const distance = f.let('distance', i32.shl(pairs, 2));
  const [a, b, c, s] = ['a', 'b', 'c', 's'].map((name) => f.local(name, 'v128'));
  eachOfRow(f, pairs, ({ read, write }, at) => {
    f.set(a, read(i32.add(x, at)));
    f.set(b, read(i32.add(i32.add(x, distance), at)));
    f.set(c, read(i32.add(cos, at)));
    f.set(s, read(i32.add(sin, at)));
    write(i32.add(out, at), f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    write(i32.add(i32.add(out, distance), at), f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  });
}

/** Emits the pairs (2i, 2i + 1): four pairs at a time in two vectors, and the last few one by one. */
function turnNeighbours(f: FunctionBuilder, { x, out, cos, sin, pairs }: Row): void {
  const bytes = f.let('pair_bytes', i32.shl(pairs, 2));
  const vectors = f.let('pair_vectors', i32.and(bytes, -16));
  const [first, second, a, b, c, s] = ['first', 'second', 'a', 'b', 'c', 's'].map((name) =>
    f.local(name, 'v128'),
  );
  const at = f.let('pair', 0);
  const angles = (load: (address: I32) => V128): void => {
    f.set(c, load(i32.add(cos, at)));
    f.set(s, load(i32.add(sin, at)));
  };
  const turnedA = (): V128 => f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s));
  const turnedB = (): V128 => f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s));
  const from = f.local('from', 'i32');
  const to = f.local('to', 'i32');
  const place = (): void => {
    f.set(from, i32.add(x, i32.shl(at, 1)));
    f.set(to, i32.add(out, i32.shl(at, 1)));
  };
  f.while(at, vectors, 16, () => {
    place();
    angles((address) => v128.load(address));
    f.set(first, v128.load(from));
    f.set(second, v128.load(from, 16));
    f.set(a, v128.shuffle(first, second, [0, 2, 4, 6]));
    f.set(b, v128.shuffle(first, second, [1, 3, 5, 7]));
    f.set(first, turnedA());
    f.set(second, turnedB());
    f.do(v128.store(to, v128.shuffle(first, second, [0, 4, 1, 5])));
    f.do(v128.store(to, v128.shuffle(first, second, [2, 6, 3, 7]), 16));
  });
  f.while(at, bytes, 4, () => {
    place();
    angles((address) => v128.load32Splat(address));
    f.set(a, v128.load32Splat(from));
    f.set(b, v128.load32Splat(from, 4));
    f.do(v128.store32Lane(0, to, turnedA()));
    f.do(v128.store32Lane(0, to, turnedB(), 4));
  });
}
