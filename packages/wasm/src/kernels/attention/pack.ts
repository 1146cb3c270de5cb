/**
 * Packing a tile of 64 keys and values, in the plan's order and from wherever the rows lie, so that products stream through it:
 *
 *     keys    [8 panels][D][8 keys]              a panel is Kᵀ for 8 keys
 *     values  [padded Dv / 8 panels][64][8]      a panel is 8 columns of V
 *
 * Keys and columns that are absent are 0. It is done once per head and tile, and costs a fiftieth of what one use of the tile does.
 */
import { TILE } from '@attn/core';
import {
  f32x4,
  i32,
  v128,
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
  const pack = module.define('pack', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const count = f.let('count', i32.load(task, PACK.count));
    const rowNumber = (row: I32): I32 => {
      const number = f.let('number', i32.add(i32.load(task, PACK.first), row));
      f.if(i32.load(task, PACK.index), () =>
        f.set(number, i32.load(i32.add(i32.load(task, PACK.index), i32.shl(row, 2)))),
      );
      return number;
    };
    packKeys(f, task, scratch, count, rowNumber, headDim);
    packValues(f, task, count, rowNumber, valueDim);
  });
  module.export(pack);
}

/** Bytes of scratch that packing needs: a row of zeros. */
export function packScratchBytes(headDim: number): number {
  return 4 * headDim;
}

/** Four keys at a time: the same element of four rows makes a vector. Absent keys read a row of zeros. */
function packKeys(
  f: FunctionBuilder,
  task: Local<'i32'>,
  zeros: Local<'i32'>,
  count: Local<'i32'>,
  rowNumber: (row: I32) => I32,
  headDim: number,
): void {
  f.count('zero', 4 * headDim, 4, (at) => f.do(i32.store(i32.add(zeros, at), 0)));
  const base = f.let('keys', i32.load(task, PACK.keys));
  const stride = f.let('key_stride', i32.load(task, PACK.keyStride));
  const rows = [0, 1, 2, 3].map((lane) => f.local(`row${lane}`, 'i32'));
  f.count('key', TILE, 4, (key) => {
    rows.forEach((row, lane) => {
      f.set(row, zeros);
      f.if(i32.ltU(i32.add(key, lane), count), () =>
        f.set(row, i32.add(base, i32.mul(rowNumber(i32.add(key, lane)), stride))),
      );
    });
    const panel = i32.mul(i32.shrU(key, 3), headDim * PANEL_BYTES);
    const half = i32.shl(i32.and(key, PANEL - 1), 2);
    const to = f.let('to', i32.add(i32.load(task, PACK.packedKeys), i32.add(panel, half)));
    const vectors = rows.map((_, lane) => f.local(`x${lane}`, 'v128'));
    f.count('at', headDim >> 2, 1, () => {
      vectors.forEach((vector, lane) => f.set(vector, v128.load(rows[lane])));
      transposed(f, vectors).forEach((vector, d) => f.do(v128.store(to, vector, d * PANEL_BYTES)));
      rows.forEach((row) => f.advance(row, 16));
      f.advance(to, 4 * PANEL_BYTES);
    });
    for (let d = 0; d < headDim % 4; d++) {
      let vector: V128 = v128.load32Zero(rows[0], 4 * d);
      for (const lane of [1, 2, 3]) vector = v128.load32Lane(lane, rows[lane], vector, 4 * d);
      f.do(v128.store(to, vector, d * PANEL_BYTES));
    }
  });
}

/** Columns of a 4 × 4 matrix that is given by its rows. */
function transposed(f: FunctionBuilder, [a, b, c, d]: readonly Local<'v128'>[]): V128[] {
  const low = [0, 4, 1, 5] as const;
  const high = [2, 6, 3, 7] as const;
  const first = [0, 1, 4, 5] as const;
  const second = [2, 3, 6, 7] as const;
  const ab = [low, high].map((lanes) => f.let('ab', v128.shuffle(a, b, lanes)));
  const cd = [low, high].map((lanes) => f.let('cd', v128.shuffle(c, d, lanes)));
  return [0, 1].flatMap((half) => [first, second].map((lanes) => v128.shuffle(ab[half], cd[half], lanes)));
}

/** Row by row, a panel's width at a time; x − x is 0 only for finite x. */
function packValues(
  f: FunctionBuilder,
  task: Local<'i32'>,
  count: Local<'i32'>,
  rowNumber: (row: I32) => I32,
  valueDim: number,
): void {
  const padded = paddedDim(valueDim);
  const residue = f.let('residue', f32x4.all(0));
  const [x, from, to] = [f.local('x', 'v128'), f.local('from', 'i32'), f.local('target', 'i32')];
  f.count('row', TILE, 1, (row) => {
    f.set(to, i32.add(i32.load(task, PACK.packedValues), i32.mul(row, PANEL_BYTES)));
    f.if(
      i32.ltU(row, count),
      () => {
        const stride = i32.load(task, PACK.valueStride);
        f.set(from, i32.add(i32.load(task, PACK.values), i32.mul(rowNumber(row), stride)));
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
        for (let column = whole * PANEL; column < padded; column += 4) {
          const offset = 4 * (column - whole * PANEL);
          copy(partOfVector(from, offset, valueDim - column), offset);
        }
      },
      () => {
        f.count('panel', padded / PANEL, 1, () => {
          f.do(v128.store(to, f32x4.all(0)), v128.store(to, f32x4.all(0), 16));
          f.advance(to, TILE * PANEL_BYTES);
        });
      },
    );
  });
  f.do(i32.store8(i32.load(task, PACK.finite), i32.eqz(v128.anyTrue(f32x4.ne(residue, f32x4.all(0))))));
}

/** The first `count` floats at an address, then zeros. */
function partOfVector(from: Local<'i32'>, offset: number, count: number): V128 {
  if (count <= 0) return f32x4.all(0);
  if (count >= 4) return v128.load(from, offset);
  let vector: V128 = v128.load32Zero(from, offset);
  for (let lane = 1; lane < count; lane++) vector = v128.load32Lane(lane, from, vector, offset + 4 * lane);
  return vector;
}
