/**
 * The inner loop of every product: registers hold a tile of C while rows of A and columns of B stream past.
 *
 *     C [rows × 8] += A [rows × depth] · B [depth × 8]
 *
 * B is packed in panels of 8 columns, so that a step of the depth reads 32 bytes in a row: two loads of B,
 * and for each row a load of A (spread over four lanes) and two multiply–adds.
 *
 * A tile of six rows takes 12 registers for C, two for B and one for A, of the 16 that x86 has, and 1.3 loads
 * for two multiply–adds. With fused multiply–add it reaches 98 % of the machine's peak; a tile of 2 × 16,
 * with as many registers and 1.5 loads, reaches 90 %. Without fused multiply–add products need a register
 * too: a tile has 4 rows.
 */
import {
  f32x4,
  i32,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../assembler/index.ts';
import { multiplyAdd, type Simd } from './arithmetic.ts';

/** Number of columns of a panel of packed B. */
export const PANEL = 8;

/** Bytes of a row of a panel. */
export const PANEL_BYTES: number = 4 * PANEL;

/**
 * Numbers of rows of register tiles, the largest first. Smaller tiles take the remaining rows:
 * 64 is 10 · 6 + 4.
 */
export function tileRows(simd: Simd): readonly number[] {
  return simd === 'relaxed' ? [6, 4, 1] : [4, 1];
}

/** The operands of a product. Addresses and strides in bytes. */
export interface ProductOperands {
  /** Address of A. Pass a variable here, for `rows`, `depth` and strides: each panel evaluates them. */
  readonly a: I32;
  /** From one row of A to the next: a constant, because it becomes a part of instructions. */
  readonly aStride: number;
  /** Address of the first panel of B. */
  readonly b: I32;
  /** From one panel of B to the next. */
  readonly bStride: I32;
  /** Address of C. */
  readonly c: I32;
  readonly cStride: I32;
  /** Rows of A and C. */
  readonly rows: I32;
  /** Reduction length, > 0. */
  readonly depth: I32;
  /** Panels of B, > 0. */
  readonly panels: I32;
}

/** The place of a vector of C: at `address + offset`, in row `first + row`. */
export interface VectorPlace {
  readonly address: Local<'i32'>;
  readonly offset: number;
  readonly first: Local<'i32'>;
  readonly row: number;
}

/** How a product differs from C = A · B. */
export interface ProductOptions {
  /** Emits the start of a vector of C, instead of 0. */
  readonly initial?: (place: VectorPlace) => V128;
  /** Emits whether the panel counts for the rows from `first` on. Where it does not, C is not written. */
  readonly counts?: (first: Local<'i32'>, panel: Local<'i32'>) => I32;
  /**
   * Emits the steps of the depth that count for the rows from `first` on; there may be none. Default: all.
   */
  readonly steps?: (first: Local<'i32'>) => { readonly from: I32; readonly count: I32 };
}

/** Emits C = A · B, with rows in groups by `tileRows`. */
export function product(
  f: FunctionBuilder,
  simd: Simd,
  operands: ProductOperands,
  { initial = () => f32x4.all(0), counts, steps }: ProductOptions = {},
): void {
  const { aStride, bStride, cStride } = operands;
  const b = f.let('b_panel', operands.b);
  const panel = f.let('c_panel', operands.c);
  const [a, c] = [f.local('a_rows', 'i32'), f.local('c_rows', 'i32')];
  const [remaining, first] = [f.local('remaining_rows', 'i32'), f.local('first_row', 'i32')];

  const computeTile = (rows: number): void => {
    const tile = declareTile(f, c, cStride, rows);
    for (const { register, ...place } of tile) f.set(register, initial({ ...place, first }));
    if (steps) {
      const { from, count } = steps(first);
      const length = f.let('steps', count);
      const start = f.let('start', from);
      const at = { a: i32.add(a, i32.shl(start, 2)), b: i32.add(b, i32.mul(start, PANEL_BYTES)) };
      f.if(length, () => emitDepthLoop(f, simd, tile, { a: at.a, aStride, panel: at.b, depth: length }));
    } else {
      emitDepthLoop(f, simd, tile, { a, aStride, panel: b, depth: operands.depth });
    }
    for (const { register, address, offset } of tile) f.do(v128.store(address, register, offset));
  };
  const rowGroups = (rows: number, panelIndex: Local<'i32'>): void =>
    f.if(i32.geU(remaining, rows), () =>
      f.repeat(
        () => {
          if (counts) f.if(counts(first, panelIndex), () => computeTile(rows));
          else computeTile(rows);
          f.advance(a, rows * aStride);
          f.advance(c, i32.mul(cStride, rows));
          f.advance(first, rows);
          f.set(remaining, i32.sub(remaining, rows));
        },
        () => i32.geU(remaining, rows),
      ),
    );
  f.count('panel', operands.panels, 1, (index) => {
    f.set(a, operands.a);
    f.set(c, panel);
    f.set(remaining, operands.rows);
    f.set(first, 0);
    for (const count of tileRows(simd)) rowGroups(count, index);
    f.advance(b, bStride);
    f.advance(panel, PANEL_BYTES);
  });
}

/** A register of the tile: four columns of one row. */
interface TileRegister extends Omit<VectorPlace, 'first'> {
  readonly register: Local<'v128'>;
}

/** The registers of a tile, two a row, and the addresses of its rows. */
function declareTile(f: FunctionBuilder, c: Local<'i32'>, cStride: I32, rows: number): TileRegister[] {
  const tile: TileRegister[] = [];
  let address = c;
  for (let row = 0; row < rows; row++) {
    if (row > 0) address = f.let(`c_row${row}`, i32.add(address, cStride));
    for (const offset of [0, 16]) {
      tile.push({ register: f.local(`c${row}_${offset / 16}`, 'v128'), address, offset, row });
    }
  }
  return tile;
}

/** The operands of a register tile. */
interface TileOperands {
  /** Address of the tile's first row of A. */
  readonly a: I32;
  readonly aStride: number;
  /** Address of the panel of B. */
  readonly panel: I32;
  readonly depth: I32;
}

/**
 * Emits the loop over the depth. It is not unrolled: in older engines it would run out of registers, and
 * newer ones would gain nothing.
 */
function emitDepthLoop(
  f: FunctionBuilder,
  simd: Simd,
  tile: readonly TileRegister[],
  { a: rows, aStride, panel, depth }: TileOperands,
): void {
  const madd = multiplyAdd(simd);
  const a = f.let('a', rows);
  const b = f.let('b', panel);
  const end = f.let('b_end', i32.add(b, i32.mul(depth, PANEL_BYTES)));
  const [b0, b1, spread] = [f.local('b0', 'v128'), f.local('b1', 'v128'), f.local('a_value', 'v128')];
  f.repeat(
    () => {
      f.set(b0, v128.load(b));
      f.set(b1, v128.load(b, 16));
      for (const { register, offset, row } of tile) {
        if (offset === 0) f.set(spread, v128.load32Splat(a, row * aStride));
        f.set(register, madd(spread, offset === 0 ? b0 : b1, register));
      }
      f.advance(a, 4);
      f.advance(b, PANEL_BYTES);
    },
    () => i32.ltU(b, end),
  );
}
