/** Integers of the rows of x, on all threads. */
import type { Tensor } from '@attn/core';
import { PIECE, PIECE_BYTES } from '../kernels/quantized/layout.ts';
import {
  INTEGER_STRIDE,
  QUANTIZE_ROWS,
  QUANTIZE_ROWS_BYTES,
  quantizeRowsModule,
} from '../kernels/quantized/rows.ts';
import { Records } from '../kernels/records.ts';
import type { Frame } from './frame.ts';

/** Rows of a task. */
const ROWS = 16;

/** About as many operations as making an integer of a number costs. */
export const FLOPS_PER_INTEGER = 8;

/** The left operand of a product: numbers, or integers with the scales of their rows. */
export interface LeftOperand {
  readonly a: number;
  readonly aRowStride: number;
  readonly aPiece: number;
  readonly rowScales: number;
}

/** The pieces of the depth in the heap. */
export interface Pieces {
  readonly pieces: number;
  readonly pieceCount: number;
}

/** Rows of x to make integers of. */
interface Rows {
  readonly x: Tensor;
  readonly rows: number;
  readonly depth: number;
  /** The greatest integer. */
  readonly limit: number;
  readonly pieces: Pieces;
}

/** Writes pieces of the depth for kernels. */
export function writePieces(frame: Frame, pieces: readonly Record<keyof typeof PIECE, number>[]): Pieces {
  const records = new Records(PIECE, PIECE_BYTES, pieces.length);
  pieces.forEach((piece, index) => records.set(index, piece));
  return { pieces: frame.words(records.words), pieceCount: pieces.length };
}

/** Makes integers of the rows of x, in an array for each piece. */
export async function quantizeRows(
  frame: Frame,
  { x, rows, depth, limit, pieces }: Rows,
): Promise<LeftOperand> {
  const from = frame.input(x);
  const aPiece = rows * INTEGER_STRIDE;
  const a = frame.allocate(pieces.pieceCount * aPiece);
  const rowScales = frame.allocate(4 * rows);
  const count = Math.ceil(rows / ROWS);
  const records = new Records(QUANTIZE_ROWS, QUANTIZE_ROWS_BYTES, count, { floats: ['limit'] });
  for (let index = 0; index < count; index++) {
    const row = index * ROWS;
    records.set(index, {
      x: from + 4 * row * depth,
      depth,
      rows: Math.min(ROWS, rows - row),
      limit,
      to: a + row * INTEGER_STRIDE,
      toPiece: aPiece,
      ...pieces,
      scales: rowScales + 4 * row,
    });
  }
  await frame.run({
    module: frame.engine.load('quantizeRows', ({ sharedMemory }) => quantizeRowsModule({ sharedMemory })),
    kernel: 'quantizeRows',
    records,
    flops: FLOPS_PER_INTEGER * rows * depth,
  });
  return { a, aRowStride: INTEGER_STRIDE, aPiece, rowScales };
}
