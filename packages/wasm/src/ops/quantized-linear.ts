/** The `quantizedLinear` op: x · Wᵀ + b with W as codes, which stay codes in the heap. */
import type { Tensor } from '@attn/core';
import { greatestOf, sizeOf, type Kernel, type KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import {
  packedCodesBytes,
  panelLayout,
  PIECE,
  PIECE_BYTES,
  piecesOf,
  type PanelLayout,
  type WeightFormat,
} from '../kernels/quantized/layout.ts';
import {
  multiplyModule,
  multiplyScratchBytes,
  pieceDepth,
  QUANTIZED_PRODUCT,
  QUANTIZED_PRODUCT_BYTES,
  QUANTIZED_ROWS,
  type MultiplyForm,
} from '../kernels/quantized/multiply.ts';
import { PACK_CODES, PACK_CODES_BYTES, packCodesModule } from '../kernels/quantized/pack.ts';
import {
  INTEGER_STRIDE,
  QUANTIZE_ROWS,
  QUANTIZE_ROWS_BYTES,
  quantizeRowsModule,
} from '../kernels/quantized/rows.ts';
import { Records } from '../kernels/records.ts';
import { PANEL } from '../kernels/register-tile.ts';
import { inFrame, type Frame } from './frame.ts';
import type { PackedWeights } from './packed-weights.ts';

type Call = KernelCall<'quantizedLinear'>;

/** Tasks per thread: more than of products of numbers, because a range of columns costs nothing here. */
const TASKS_PER_THREAD = 16;

/** Rows of a task that makes integers of x. */
const QUANTIZED_TOGETHER = 16;

/** About as many operations as making an integer of a number costs. */
export const FLOPS_PER_INTEGER = 8;

/** About as many operations as packing a code costs. */
const FLOPS_PER_CODE = 10;

/** The left operand: numbers, or integers with the scales of their rows. */
interface LeftOperand {
  readonly a: number;
  readonly aRowStride: number;
  readonly aPiece: number;
  readonly rowScales: number;
}

/** The pieces of the depth in the heap. */
interface Pieces {
  readonly pieces: number;
  readonly pieceCount: number;
}

/**
 * Makes the kernel of `quantizedLinear`: x [rows × in], a weight [out × in] as codes, bias [out]. A constant
 * weight is packed once.
 */
export function quantizedLinearKernel(engine: Engine, weights: PackedWeights): Kernel<'quantizedLinear'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { x, codes, scales, zeroPoints, bias } = call.inputs;
      const { bits, block, inputs: rounding = 'float', activation } = call.attributes;
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
      const a: LeftOperand =
        rounding === 'float'
          ? { a: frame.input(x), aRowStride: 4 * depth, aPiece: 0, rowScales: 0 }
          : await quantizeRows(frame, { x, rows, depth, limit: greatestOf(rounding), pieces });
      const tasks = cut({
        ...a,
        ...pieces,
        b,
        bStride: layout.bytes,
        c: frame.output(call.outputs[0]),
        rows,
        columns,
        bias: bias === undefined ? 0 : frame.input(bias),
        threads: engine.threads,
      });
      const records = new Records(QUANTIZED_PRODUCT, QUANTIZED_PRODUCT_BYTES, tasks.length);
      tasks.forEach((task, index) => records.set(index, task));
      const { hasZeros } = format;
      const key = `quantized ${form} ${bits} ${hasZeros} ${activation ?? ''}`;
      await frame.run({
        module: engine.load(key, (options) =>
          multiplyModule({ ...options, form, bits, hasZeros, activation }),
        ),
        kernel: 'multiply',
        records,
        scratchBytes: multiplyScratchBytes(form),
        flops: 2 * rows * columns * depth,
      });
    });
}

/** Packs a weight on all threads. */
async function packCodes(
  frame: Frame,
  { codes, scales, zeroPoints }: Pick<Call['inputs'], 'codes' | 'scales' | 'zeroPoints'>,
  { bits }: WeightFormat,
  { scalesAt, zerosAt, bytes }: PanelLayout,
  to: number,
): Promise<void> {
  const [columns, blocks, blockBytes] = codes.shape;
  const panels = Math.ceil(columns / PANEL);
  const codesStride = blocks * blockBytes;
  const scalesStride = 4 * blocks;
  const zerosStride = zeroPoints?.shape[1] ?? 0;
  const [codesAt, scalesFrom] = [frame.raw(codes), frame.raw(scales)];
  const zerosFrom = zeroPoints === undefined ? 0 : frame.raw(zeroPoints);
  const records = new Records(PACK_CODES, PACK_CODES_BYTES, panels);
  for (let panel = 0; panel < panels; panel++) {
    const first = panel * PANEL;
    const target = to + panel * bytes;
    records.set(panel, {
      codes: codesAt + first * codesStride,
      codesStride,
      scales: scalesFrom + first * scalesStride,
      scalesStride,
      zeros: zerosFrom === 0 ? 0 : zerosFrom + first * zerosStride,
      zerosStride,
      columns: Math.min(PANEL, columns - first),
      blocks,
      blockBytes,
      toCodes: target,
      toScales: target + scalesAt,
      toZeros: target + zerosAt,
    });
  }
  await frame.run({
    module: frame.engine.load(`packCodes ${bits}`, ({ sharedMemory }) =>
      packCodesModule({ bits, sharedMemory }),
    ),
    kernel: 'packCodes',
    records,
    flops: FLOPS_PER_CODE * sizeOf(codes.shape),
  });
}

function writePieces(frame: Frame, pieces: readonly Record<keyof typeof PIECE, number>[]): Pieces {
  const records = new Records(PIECE, PIECE_BYTES, pieces.length);
  pieces.forEach((piece, index) => records.set(index, piece));
  return { pieces: frame.words(records.words), pieceCount: pieces.length };
}

/** Makes integers of the rows of x, in an array for each piece. */
async function quantizeRows(
  frame: Frame,
  {
    x,
    rows,
    depth,
    limit,
    pieces,
  }: {
    readonly x: Tensor;
    readonly rows: number;
    readonly depth: number;
    readonly limit: number;
    readonly pieces: Pieces;
  },
): Promise<LeftOperand> {
  const from = frame.input(x);
  const aPiece = rows * INTEGER_STRIDE;
  const a = frame.allocate(pieces.pieceCount * aPiece);
  const rowScales = frame.allocate(4 * rows);
  const count = Math.ceil(rows / QUANTIZED_TOGETHER);
  const records = new Records(QUANTIZE_ROWS, QUANTIZE_ROWS_BYTES, count, { floats: ['limit'] });
  for (let index = 0; index < count; index++) {
    const row = index * QUANTIZED_TOGETHER;
    records.set(index, {
      x: from + 4 * row * depth,
      depth,
      rows: Math.min(QUANTIZED_TOGETHER, rows - row),
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

/** A product to cut into tasks. */
interface Product extends LeftOperand, Pieces {
  readonly b: number;
  readonly bStride: number;
  readonly c: number;
  readonly rows: number;
  readonly columns: number;
  readonly bias: number;
  readonly threads: number;
}

/** Cuts a product into blocks of rows of about one size, and these into ranges of columns. */
function cut({ threads, ...product }: Product): Record<keyof typeof QUANTIZED_PRODUCT, number>[] {
  const { a, aRowStride, b, bStride, c, rows, columns, bias, rowScales } = product;
  const rowBlocks = Math.ceil(rows / QUANTIZED_ROWS);
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
