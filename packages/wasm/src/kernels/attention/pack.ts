/**
 * Packs a tile of 64 keys and values, in the plan's order and from any strides, so that products
 * stream through it:
 *
 *     keys    [8 panels][D][8 keys]              a panel is Kᵀ for 8 keys
 *     values  [padded Dv / 8 panels][64][8]      a panel is 8 columns of V
 *
 * Absent keys and columns are 0. Each tile of a head is packed once, at a fiftieth of the cost of one use.
 */
import { TILE } from '@attn/core/backend';
import {
  f32x4,
  i32,
  v128,
  type Expression,
  type FunctionBuilder,
  type I32,
  type Local,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
import { PANEL, PANEL_BYTES } from '../register-tile.ts';
import { PACK, paddedDim } from './layout.ts';

/** Defines and exports `pack(task: PACK, scratch)`. */
export function definePack(module: ModuleBuilder, headDim: number, valueDim: number): void {
  const pack = module.define('pack', { task: 'i32', scratch: 'i32' }, (f, { task, scratch: zeros }) => {
    const count = f.let('count', i32.load(task, PACK.count));
    const index = f.let('index', i32.load(task, PACK.index));
    const rowNumber = (row: I32): I32 => {
      const number = f.let('number', i32.add(i32.load(task, PACK.first), row));
      f.if(index, () => f.set(number, i32.load(i32.add(index, i32.shl(row, 2)))));
      return number;
    };
    f.count('zero', 4 * headDim, 4, (at) => f.do(i32.store(i32.add(zeros, at), 0)));
    const keys = f.let('keys', i32.load(task, PACK.keys));
    const keyStride = f.let('key_stride', i32.load(task, PACK.keyStride));
    const packedKeys = f.let('packed_keys', i32.load(task, PACK.packedKeys));
    packKeys(f, packedKeys, headDim, (key, row) => {
      f.set(row, zeros);
      f.if(i32.ltU(key, count), () => f.set(row, i32.add(keys, i32.mul(rowNumber(key), keyStride))));
    });

    const values = f.let('values', i32.load(task, PACK.values));
    const valueStride = f.let('value_stride', i32.load(task, PACK.valueStride));
    const residue = f.let('residue', f32x4.all(0));
    const [from, to] = [f.local('from', 'i32'), f.local('target', 'i32')];
    f.count('row', TILE, 1, (row) => {
      f.set(to, i32.add(i32.load(task, PACK.packedValues), i32.mul(row, PANEL_BYTES)));
      f.if(
        i32.ltU(row, count),
        () => {
          f.set(from, i32.add(values, i32.mul(rowNumber(row), valueStride)));
          packValueRow(f, from, to, residue, valueDim);
        },
        () => {
          f.count('panel', paddedDim(valueDim) / PANEL, 1, () => {
            f.do(v128.store(to, f32x4.all(0)), v128.store(to, f32x4.all(0), 16));
            f.advance(to, TILE * PANEL_BYTES);
          });
        },
      );
    });
    f.do(i32.store8(i32.load(task, PACK.finite), allFinite(residue)));
  });
  module.export(pack);
}

/** Bytes of scratch memory that packing needs: a row of zeros. */
export function packScratchBytes(headDim: number): number {
  return 4 * headDim;
}

/**
 * Emits the packing of 64 keys, four at a time: an element of each of four rows makes a vector.
 * @param locate emits code that sets `row` to the address of a key's row
 * @param factors address of [64] numbers by which keys are multiplied
 */
export function packKeys(
  f: FunctionBuilder,
  packed: Local<'i32'>,
  headDim: number,
  locate: (key: I32, row: Local<'i32'>) => void,
  factors?: Local<'i32'>,
): void {
  const rows = [0, 1, 2, 3].map((lane) => f.local(`row${lane}`, 'i32'));
  const factor = f.local('factor', 'v128');
  const scaled = (vector: V128): V128 => (factors ? f32x4.mul(vector, factor) : vector);
  f.count('key', TILE, 4, (key) => {
    rows.forEach((row, lane) => locate(i32.add(key, lane), row));
    if (factors) f.set(factor, v128.load(i32.add(factors, i32.shl(key, 2))));
    const panel = i32.mul(i32.shrU(key, 3), headDim * PANEL_BYTES);
    const half = i32.shl(i32.and(key, PANEL - 1), 2);
    const to = f.let('to', i32.add(packed, i32.add(panel, half)));
    const vectors = rows.map((_, lane) => f.local(`x${lane}`, 'v128'));
    f.count('at', headDim >> 2, 1, () => {
      vectors.forEach((vector, lane) => f.set(vector, v128.load(rows[lane])));
      transposed(f, vectors).forEach((vector, d) => f.do(v128.store(to, scaled(vector), d * PANEL_BYTES)));
      rows.forEach((row) => f.advance(row, 16));
      f.advance(to, 4 * PANEL_BYTES);
    });
    for (let d = 0; d < headDim % 4; d++) {
      let vector: V128 = v128.load32Zero(rows[0], 4 * d);
      for (const lane of [1, 2, 3]) vector = v128.load32Lane(lane, rows[lane], vector, 4 * d);
      f.do(v128.store(to, scaled(vector), d * PANEL_BYTES));
    }
  });
}

/** The columns of a 4 × 4 matrix of four rows. */
function transposed(f: FunctionBuilder, [a, b, c, d]: readonly Local<'v128'>[]): V128[] {
  const low = [0, 4, 1, 5] as const;
  const high = [2, 6, 3, 7] as const;
  const first = [0, 1, 4, 5] as const;
  const second = [2, 3, 6, 7] as const;
  const ab = [low, high].map((lanes) => f.let('ab', v128.shuffle(a, b, lanes)));
  const cd = [low, high].map((lanes) => f.let('cd', v128.shuffle(c, d, lanes)));
  return [0, 1].flatMap((half) => [first, second].map((lanes) => v128.shuffle(ab[half], cd[half], lanes)));
}

/**
 * Emits the packing of a row of values, a panel's width at a time; advances both addresses.
 * @param residue collects x − x of all packed numbers, which is 0 only for finite x
 */
export function packValueRow(
  f: FunctionBuilder,
  from: Local<'i32'>,
  to: Local<'i32'>,
  residue: Local<'v128'>,
  valueDim: number,
): void {
  const x = f.local('x', 'v128');
  const copy = (vector: V128, offset: number): void => {
    f.set(x, vector);
    f.set(residue, v128.or(residue, f32x4.sub(x, x)));
    f.do(v128.store(to, x, offset));
  };
  const whole = Math.floor(valueDim / PANEL);
  f.count('panel', whole, 1, () => {
    copy(v128.load(from), 0);
    copy(v128.load(from, 16), 16);
    f.advance(from, PANEL_BYTES);
    f.advance(to, TILE * PANEL_BYTES);
  });
  for (let column = whole * PANEL; column < paddedDim(valueDim); column += 4) {
    const offset = 4 * (column - whole * PANEL);
    copy(partOfVector(from, offset, valueDim - column), offset);
  }
}

/** Whether all numbers of a residue were finite: see `packValueRow`. */
export function allFinite(residue: Local<'v128'>): Expression<'i32'> {
  return i32.eqz(v128.anyTrue(f32x4.ne(residue, f32x4.all(0))));
}

/** Loads the first `count` floats at an address; other lanes are 0. */
export function partOfVector(from: Local<'i32'>, offset: number, count: number): V128 {
  if (count <= 0) return f32x4.all(0);
  if (count >= 4) return v128.load(from, offset);
  let vector: V128 = v128.load32Zero(from, offset);
  for (let lane = 1; lane < count; lane++) vector = v128.load32Lane(lane, from, vector, offset + 4 * lane);
  return vector;
}
