/** What products with quantised weights have in common: their tasks, and unpacking. */
import type { Activation, CodeBits, HalfForm } from '@attn/core';
import {
  i32,
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { PIECE } from './layout.ts';

/** The most rows of a task. */
export const QUANTIZED_ROWS = 192;

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
export interface MultiplyOptions {
  readonly simd: Simd;
  readonly bits: CodeBits;
  /** What codes of 16 bits are. */
  readonly float?: HalfForm | undefined;
  readonly hasZeros: boolean;
  readonly activation: Activation | undefined;
}

/** A field of a task as a variable. */
export function taskField(f: FunctionBuilder, task: I32, key: keyof typeof QUANTIZED_PRODUCT): Local<'i32'> {
  return f.let(key, i32.load(task, QUANTIZED_PRODUCT[key]));
}

/** A field of a piece. */
export function ofPiece(piece: I32, key: keyof typeof PIECE): Expression<'i32'> {
  return i32.load(piece, PIECE[key]);
}

/** The parameters of a function that unpacks a piece of a panel. */
export const UNPACK = {
  codes: 'i32',
  scales: 'i32',
  zeros: 'i32',
  to: 'i32',
  runs: 'i32',
  pairs: 'i32',
  inputs: 'i32',
} as const;

/** Sizes of a piece, and the address of its scales. */
export interface PieceSizes {
  readonly runs: Local<'i32'>;
  readonly pairs: Local<'i32'>;
  readonly scales: Local<'i32'>;
}

/** Emits the call that unpacks a piece of a panel to the address `to`. */
export function callUnpack(
  f: FunctionBuilder,
  unpack: FunctionHandle<typeof UNPACK>,
  { piece, panel, to }: { readonly piece: I32; readonly panel: I32; readonly to: I32 },
): PieceSizes {
  const runs = f.let('runs', ofPiece(piece, 'runs'));
  const pairs = f.let('pairs', ofPiece(piece, 'pairs'));
  const scales = f.let('scales', i32.add(panel, ofPiece(piece, 'scales')));
  const codes = i32.add(panel, ofPiece(piece, 'codes'));
  const zeros = i32.add(panel, ofPiece(piece, 'zeros'));
  f.call(unpack, { codes, scales, zeros, to, runs, pairs, inputs: ofPiece(piece, 'inputs') });
  return { runs, pairs, scales };
}
