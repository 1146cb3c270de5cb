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
  type Arguments,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
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

const UNPACK = {
  codes: 'i32',
  scales: 'i32',
  zeros: 'i32',
  to: 'i32',
  runs: 'i32',
  pairs: 'i32',
  inputs: 'i32',
} as const;

/** A piece of the depth for the columns of a panel; `scratch` is where the panel is unpacked. */
const PANEL_OF_PIECE = {
  task: 'i32',
  piece: 'i32',
  panel: 'i32',
  scratch: 'i32',
  a: 'i32',
  c: 'i32',
  cStride: 'i32',
} as const;

const FINISH = {
  c: 'i32',
  cStride: 'i32',
  rows: 'i32',
  columns: 'i32',
  bias: 'i32',
  rowScales: 'i32',
} as const;

/** The functions that `multiply` calls. */
interface Parts {
  readonly firstPiece: FunctionHandle<typeof PANEL_OF_PIECE>;
  readonly nextPiece: FunctionHandle<typeof PANEL_OF_PIECE>;
  readonly finishRows: FunctionHandle<typeof FINISH>;
}

/** The module: exports `multiply(task: QUANTIZED_PRODUCT, scratch)`. */
export function multiplyModule(options: MultiplyModuleOptions): ModuleBuilder {
  const { simd, sharedMemory, form, activation } = options;
  const module = new ModuleBuilder({ sharedMemory });
  const unpack = module.define('unpack', UNPACK, (f, p) =>
    form === 'numbers' ? unpackNumbers(f, options, p) : unpackIntegers(f, options, p),
  );
  const define = (title: string, ofNumbers?: ProductOptions): Parts['firstPiece'] =>
    module.define(title, PANEL_OF_PIECE, (f, p) => {
      const sizes = callUnpack(f, unpack, p);
      if (form === 'numbers') multiplyNumbers(f, simd, p, sizes, ofNumbers);
      else multiplyIntegers(f, p, sizes);
    });
  const firstPiece = define('firstPiece');
  const nextPiece =
    form === 'integers'
      ? firstPiece // it adds to C, and clears C before
      : define('nextPiece', { initial: ({ address, offset }) => v128.load(address, offset) });
  const finishRows = module.define('finishRows', FINISH, (f, { rowScales, ...block }) =>
    finish(f, simd, form === 'integers' ? { ...block, rowScales } : block, activation),
  );
  const multiply = module.define('multiply', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) =>
    multiplyTask(f, form, { task, scratch }, { firstPiece, nextPiece, finishRows }),
  );
  module.export(multiply);
  return module;
}

function ofPiece(piece: I32, key: keyof typeof PIECE): Expression<'i32'> {
  return i32.load(piece, PIECE[key]);
}

/** Sizes of a piece, and the address of its scales. */
interface Sizes {
  readonly rows: Local<'i32'>;
  readonly runs: Local<'i32'>;
  readonly pairs: Local<'i32'>;
  readonly scales: Local<'i32'>;
}

function callUnpack(
  f: FunctionBuilder,
  unpack: FunctionHandle<typeof UNPACK>,
  { task, piece, panel, scratch: to }: Arguments<typeof PANEL_OF_PIECE>,
): Sizes {
  const rows = f.let('rows', i32.load(task, QUANTIZED_PRODUCT.rows));
  const runs = f.let('runs', ofPiece(piece, 'runs'));
  const pairs = f.let('pairs', ofPiece(piece, 'pairs'));
  const scales = f.let('scales', i32.add(panel, ofPiece(piece, 'scales')));
  const codes = i32.add(panel, ofPiece(piece, 'codes'));
  const zeros = i32.add(panel, ofPiece(piece, 'zeros'));
  f.call(unpack, { codes, scales, zeros, to, runs, pairs, inputs: ofPiece(piece, 'inputs') });
  return { rows, runs, pairs, scales };
}

function multiplyNumbers(
  f: FunctionBuilder,
  simd: Simd,
  { piece, a, scratch: b, c, cStride }: Arguments<typeof PANEL_OF_PIECE>,
  { rows }: Sizes,
  options?: ProductOptions,
): void {
  const depth = f.let('depth', ofPiece(piece, 'size'));
  product(f, simd, { a, aStride: A_STRIDE, b, bStride: 0, c, cStride, rows, depth, panels: 1 }, options);
}

function multiplyIntegers(
  f: FunctionBuilder,
  { piece, a, scratch: b, c, cStride }: Arguments<typeof PANEL_OF_PIECE>,
  sizes: Sizes,
): void {
  f.if(i32.eqz(ofPiece(piece, 'from')), () => clearPanel(f, c, cStride, sizes.rows));
  integerProduct(f, { a, b, c, cStride, ...sizes });
}

/** Emits a task: piece by piece of the depth, panel by panel, and what comes after the sums. */
function multiplyTask(
  f: FunctionBuilder,
  form: MultiplyForm,
  { task, scratch }: { readonly task: Local<'i32'>; readonly scratch: Local<'i32'> },
  { firstPiece, nextPiece, finishRows }: Parts,
): void {
  const load = (key: keyof typeof QUANTIZED_PRODUCT): Local<'i32'> =>
    f.let(key, i32.load(task, QUANTIZED_PRODUCT[key]));
  const [a, b, bStride, piece, pieceCount] = [
    load('a'),
    load('b'),
    load('bStride'),
    load('pieces'),
    load('pieceCount'),
  ];
  const [c, cStride, rows, columns] = [load('c'), load('cStride'), load('rows'), load('columns')];
  const whole = f.let('whole_panels', i32.shrU(columns, 3));
  const partial = f.let('partial_columns', i32.and(columns, PANEL - 1));
  const lastPanel = f.let('last_panel', i32.add(scratch, unpackedBytes(form)));
  const copy = f.let('copy', i32.add(lastPanel, QUANTIZED_ROWS * PANEL_BYTES));
  f.if(i32.eqz(pieceCount), () => clear(f, c, cStride, rows, columns));
  f.count('piece_index', pieceCount, 1, (index) => {
    if (form === 'numbers') copyPieceOfA(f, { task, a, piece, rows, to: copy });
    const operands = { task, piece, scratch, a: form === 'numbers' ? copy : a };
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
  f.if(i32.and(i32.ne(partial, 0), i32.ne(pieceCount, 0)), () => {
    const to = i32.add(c, i32.mul(whole, PANEL_BYTES));
    copyPanel(f, { panel: lastPanel, to, cStride, rows, columns: partial });
  });
  f.call(finishRows, { c, cStride, rows, columns, bias: load('bias'), rowScales: load('rowScales') });
}

/** Where a piece of the numbers of A is, and where it goes. */
interface CopiedPiece {
  readonly task: I32;
  readonly a: I32;
  readonly piece: I32;
  readonly rows: I32;
  readonly to: I32;
}

function copyPieceOfA(f: FunctionBuilder, { task, a, piece, rows, to }: CopiedPiece): void {
  copyPiece(f, {
    from: f.let('from', i32.add(a, i32.shl(ofPiece(piece, 'from'), 2))),
    rowStride: f.let('row_stride', i32.load(task, QUANTIZED_PRODUCT.aRowStride)),
    rows,
    size: f.let('size', ofPiece(piece, 'size')),
    to,
  });
}

/** Emits C = 0 for the 8 columns of a panel. */
function clearPanel(f: FunctionBuilder, c: I32, cStride: I32, rows: I32): void {
  const at = f.let('cleared', c);
  f.count('row', rows, 1, () => {
    f.do(v128.store(at, f32x4.all(0)), v128.store(at, f32x4.all(0), 16));
    f.advance(at, cStride);
  });
}
