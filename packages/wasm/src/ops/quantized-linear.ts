/** The `quantizedLinear` op: x · Wᵀ + b with W as codes, which stay codes in the heap. */
import { greatestOf, sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedCodesBytes, panelLayout, piecesOf } from '../kernels/quantized/layout.ts';
import {
  mostRows,
  multiplyModule,
  multiplyScratchBytes,
  pieceDepth,
  type MultiplyForm,
} from '../kernels/quantized/multiply.ts';
import { QUANTIZED_PRODUCT, QUANTIZED_PRODUCT_BYTES } from '../kernels/quantized/task.ts';
import { Records } from '../kernels/records.ts';
import { PANEL } from '../kernels/register-tile.ts';
import { inFrame } from './frame.ts';
import { packCodes } from './pack-codes.ts';
import type { PackedWeights } from './packed-weights.ts';
import { quantizeRows, writePieces, type LeftOperand, type Pieces } from './quantize-rows.ts';

/** Tasks per thread: more than of products of numbers, because a range of columns costs nothing here. */
const TASKS_PER_THREAD = 16;

/**
 * Makes the kernel of `quantizedLinear`: x [rows × in], a weight [out × in] as codes, bias [out]. A constant
 * weight is packed once.
 */
export function quantizedLinearKernel(engine: Engine, weights: PackedWeights): Kernel<'quantizedLinear'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { x, codes, scales, zeroPoints, bias } = call.inputs;
      const { bits, block, float, inputs: rounding = 'float', activation } = call.attributes;
      const depth = x.shape[x.shape.length - 1];
      const columns = codes.shape[0];
      const rows = sizeOf(call.outputs[0].shape) / Math.max(1, columns);
      const format = { bits, block, hasZeros: zeroPoints !== undefined };
      const layout = panelLayout(depth, format);
      const { node } = call;
      const ids = [node.inputs.codes, node.inputs.scales, node.inputs.zeroPoints];
      const b = await weights.of({ ids, form: `${bits} ${block}` }, frame, async (allocate) => {
        const to = allocate(packedCodesBytes(columns, layout));
        await packCodes(frame, { codes, scales, zeroPoints }, format, layout, to);
        return to;
      });

      const form: MultiplyForm = rounding === 'float' ? 'numbers' : 'integers';
      const pieces = writePieces(frame, piecesOf(depth, format, layout, pieceDepth(form)));
      const operand: LeftOperand =
        rounding === 'float'
          ? { a: frame.input(x), aRowStride: 4 * depth, aPiece: 0, rowScales: 0 }
          : await quantizeRows(frame, { x, rows, depth, limit: greatestOf(rounding), pieces });
      const tasks = cut({
        ...operand,
        ...pieces,
        b,
        bStride: layout.bytes,
        c: frame.output(call.outputs[0]),
        rows,
        columns,
        most: mostRows(form, pieces.pieceCount),
        bias: bias === undefined ? 0 : frame.input(bias),
        threads: engine.threads,
      });
      const records = new Records(QUANTIZED_PRODUCT, QUANTIZED_PRODUCT_BYTES, tasks.length);
      tasks.forEach((task, index) => records.set(index, task));
      const { hasZeros } = format;
      const key = `quantized ${form} ${float ?? bits} ${hasZeros} ${activation ?? ''}`;
      await frame.run({
        module: engine.load(key, (options) =>
          multiplyModule({ ...options, form, bits, float, hasZeros, activation }),
        ),
        kernel: 'multiply',
        records,
        scratchBytes: multiplyScratchBytes(form),
        flops: 2 * rows * columns * depth,
      });
    });
}

/** A product to cut into tasks. */
interface Product extends LeftOperand, Pieces {
  readonly b: number;
  readonly bStride: number;
  readonly c: number;
  readonly rows: number;
  readonly columns: number;
  /** The most rows of a task. */
  readonly most: number;
  readonly bias: number;
  readonly threads: number;
}

/** Cuts a product into blocks of rows of about one size, and these into ranges of columns. */
function cut({ threads, most, ...product }: Product): Record<keyof typeof QUANTIZED_PRODUCT, number>[] {
  const { a, aRowStride, b, bStride, c, rows, columns, bias, rowScales } = product;
  const rowBlocks = Math.ceil(rows / most);
  const height = Math.ceil(rows / Math.max(1, rowBlocks) / 4) * 4;
  const ranges = Math.ceil((TASKS_PER_THREAD * threads) / Math.max(1, rowBlocks));
  const width = PANEL * Math.max(8, Math.ceil(columns / PANEL / ranges));
  const list: Record<keyof typeof QUANTIZED_PRODUCT, number>[] = [];
  for (let row = 0; row < rows; row += height) {
    for (let column = 0; column < columns; column += width) {
      list.push({
        ...product,
        a: a + row * aRowStride,
        b: b + (column / PANEL) * bStride,
        c: c + 4 * (row * columns + column),
        cStride: 4 * columns,
        rows: Math.min(height, rows - row),
        columns: Math.min(width, columns - column),
        bias: bias === 0 ? 0 : bias + 4 * column,
        rowScales: rowScales + 4 * row,
      });
    }
  }
  return list;
}
