/**
 * Products with quantised weights, C [rows × columns] = A · Bᵀ, then the scales of rows, the bias and the
 * activation while C is in the cache.
 *
 * A task is a block of rows and a range of panels of B. For each piece of the depth it unpacks the piece of
 * each panel, which stays in the first cache while all rows pass over it. There are more rows than in
 * products of numbers, because unpacking costs about as much as two rows.
 */
import type { Activation, CodeBits } from '@attn/core';
import {
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { A_STRIDE, clear, copyPanel, copyPiece, DEPTH, finish } from '../gemm.ts';
import { PANEL, PANEL_BYTES, product, type ProductOptions } from '../register-tile.ts';
import { integerProduct } from './integer-tile.ts';
import { PIECE, PIECE_BYTES } from './layout.ts';
import { INTEGER_DEPTH } from './rows.ts';
import { unpackIntegers, unpackNumbers } from './unpack.ts';

/** The most rows of a task. */
export const QUANTIZED_ROWS = 192;

/** How A is multiplied: as f32 numbers, or as integers of `quantizeRows`. */
export type MultiplyForm = 'numbers' | 'integers';

/** The most codes of a piece of the depth. */
export function pieceDepth(form: MultiplyForm): number {
  return form === 'numbers' ? DEPTH : INTEGER_DEPTH;
}

/** Bytes of scratch memory: an unpacked piece of B, a panel of C, and of numbers a piece of A. */
export function multiplyScratchBytes(form: MultiplyForm): number {
  const ofA = form === 'numbers' ? QUANTIZED_ROWS * A_STRIDE : 0;
  return unpackedBytes(form) + QUANTIZED_ROWS * PANEL_BYTES + ofA;
}

function unpackedBytes(form: MultiplyForm): number {
  return form === 'numbers' ? DEPTH * PANEL_BYTES : INTEGER_DEPTH * 2 * PANEL;
}

/** Layout of a task of `multiply`. */
export const QUANTIZED_PRODUCT = {
  /** Address of the first row of A: numbers, or the integers of the first piece. */
  a: 0,
  /** Bytes of A from row to row; of integers it is known. */
  aRowStride: 4,
  /** Bytes of integers from piece to piece. */
  aPiece: 8,
  /** Address of the first panel of B, and bytes of a panel. */
  b: 12,
  bStride: 16,
  /** Address of the pieces of the depth, and how many there are. */
  pieces: 20,
  pieceCount: 24,
  /** Address of the first element of C, and bytes from row to row. */
  c: 28,
  cStride: 32,
  rows: 36,
  /** Columns of the range: a multiple of 8, except in the last range of a product. */
  columns: 40,
  /** Address of [columns] numbers to add to each row, or 0. */
  bias: 44,
  /** Address of [rows] factors of rows; of integers only. */
  rowScales: 48,
} as const;

/** Bytes of a `QUANTIZED_PRODUCT`. */
export const QUANTIZED_PRODUCT_BYTES = 52;

/** The options that a module is specialised to. */
export interface MultiplyModuleOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly form: MultiplyForm;
  readonly bits: CodeBits;
  readonly hasZeros: boolean;
  readonly activation: Activation | undefined;
}

/** The addresses and sizes of a panel in a piece. */
const PANEL_PARTS = {
  task: 'i32',
  piece: 'i32',
  panel: 'i32',
  scratch: 'i32',
  a: 'i32',
  c: 'i32',
  cStride: 'i32',
} as const;

/** The module: exports `multiply(task: QUANTIZED_PRODUCT, scratch)`. */
export function multiplyModule({
  simd,
  sharedMemory,
  form,
  activation: name,
  ...options
}: MultiplyModuleOptions): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });

  const UNPACK = {
    codes: 'i32',
    scales: 'i32',
    zeros: 'i32',
    to: 'i32',
    runs: 'i32',
    pairs: 'i32',
    inputs: 'i32',
  } as const;
  const unpack = module.define('unpack', UNPACK, (f, p) =>
    form === 'numbers' ? unpackNumbers(f, options, p) : unpackIntegers(f, options, p),
  );

  const field = (piece: I32, key: keyof typeof PIECE): I32 => i32.load(piece, PIECE[key]);
  const ofPanel = (title: string, productOptions?: ProductOptions) =>
    module.define(title, PANEL_PARTS, (f, { task, piece, panel, scratch, a, c, cStride }) => {
      const rows = f.let('rows', i32.load(task, QUANTIZED_PRODUCT.rows));
      const runs = f.let('runs', field(piece, 'runs'));
      const pairs = f.let('pairs', field(piece, 'pairs'));
      const scales = f.let('scales', i32.add(panel, field(piece, 'scales')));
      f.call(unpack, {
        codes: i32.add(panel, field(piece, 'codes')),
        scales,
        zeros: i32.add(panel, field(piece, 'zeros')),
        to: scratch,
        runs,
        pairs,
        inputs: field(piece, 'inputs'),
      });
      if (form === 'numbers') {
        const depth = f.let('depth', field(piece, 'size'));
        const operands = { a, aStride: A_STRIDE, b: scratch, bStride: 0, c, cStride, rows, depth, panels: 1 };
        product(f, simd, operands, productOptions);
      } else {
        f.if(i32.eqz(field(piece, 'from')), () => clearPanel(f, c, cStride, rows));
        integerProduct(f, { a, b: scratch, c, cStride, rows, runs, pairs, scales });
      }
    });
  const firstPiece = ofPanel('firstPiece');
  const nextPiece =
    form === 'numbers'
      ? ofPanel('nextPiece', { initial: ({ address, offset }) => v128.load(address, offset) })
      : firstPiece;

  const FINISH = {
    c: 'i32',
    cStride: 'i32',
    rows: 'i32',
    columns: 'i32',
    bias: 'i32',
    rowScales: 'i32',
  } as const;
  const finishRows = module.define('finishRows', FINISH, (f, { rowScales, ...block }) =>
    finish(f, simd, form === 'integers' ? { ...block, rowScales } : block, name),
  );

  const multiply = module.define('multiply', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const load = (key: keyof typeof QUANTIZED_PRODUCT): Local<'i32'> =>
      f.let(key, i32.load(task, QUANTIZED_PRODUCT[key]));
    const [a, b, bStride, pieceCount] = [load('a'), load('b'), load('bStride'), load('pieceCount')];
    const [c, cStride, rows, columns] = [load('c'), load('cStride'), load('rows'), load('columns')];
    const whole = f.let('whole_panels', i32.shrU(columns, 3));
    const partial = f.let('partial_columns', i32.and(columns, PANEL - 1));
    const lastPanel = f.let('last_panel', i32.add(scratch, unpackedBytes(form)));
    const piece = f.let('piece', i32.load(task, QUANTIZED_PRODUCT.pieces));
    f.if(i32.eqz(pieceCount), () => clear(f, c, cStride, rows, columns));
    f.count('piece_index', pieceCount, 1, (index) => {
      const rowsOfA = form === 'integers' ? a : i32.add(lastPanel, QUANTIZED_ROWS * PANEL_BYTES);
      if (form === 'numbers') {
        const from = f.let('from', i32.shl(field(piece, 'from'), 2));
        copyPiece(f, {
          from: i32.add(a, from),
          rowStride: f.let('row_stride', i32.load(task, QUANTIZED_PRODUCT.aRowStride)),
          rows,
          size: f.let('size', field(piece, 'size')),
          to: rowsOfA,
        });
      }
      const operands = { task, piece, scratch, a: rowsOfA };
      const panel = f.let('panel', b);
      const target = f.let('target', c);
      const run = (place: { readonly c: I32; readonly cStride: I32 }): void =>
        f.if(
          index,
          () => f.call(nextPiece, { ...operands, ...place, panel }),
          () => f.call(firstPiece, { ...operands, ...place, panel }),
        );
      f.count('panel_index', whole, 1, () => {
        run({ c: target, cStride });
        f.advance(panel, bStride);
        f.advance(target, PANEL_BYTES);
      });
      f.if(partial, () => run({ c: lastPanel, cStride: PANEL_BYTES }));
      if (form === 'integers') f.advance(a, i32.load(task, QUANTIZED_PRODUCT.aPiece));
      f.advance(piece, PIECE_BYTES);
    });
    f.if(i32.and(i32.ne(partial, 0), i32.ne(pieceCount, 0)), () =>
      copyPanel(f, {
        panel: lastPanel,
        to: i32.add(c, i32.mul(whole, PANEL_BYTES)),
        cStride,
        rows,
        columns: partial,
      }),
    );
    const [bias, rowScales] = [load('bias'), load('rowScales')];
    f.call(finishRows, { c, cStride, rows, columns, bias, rowScales });
  });
  module.export(multiply);
  return module;
}

/** Emits C = 0 for the 8 columns of a panel. */
function clearPanel(f: FunctionBuilder, c: I32, cStride: I32, rows: I32): void {
  const at = f.let('cleared', c);
  f.count('row', rows, 1, () => {
    f.do(v128.store(at, f32x4.all(0)), v128.store(at, f32x4.all(0), 16));
    f.advance(at, cStride);
  });
}
