/**
 * Products on all threads: packs right operands panel by panel, then multiplies ranges of rows and columns.
 */
import type { Activation } from '@attn/core';
import type { LoadedModule } from '../engine/module-store.ts';
import {
  GEMM_SCRATCH_BYTES,
  gemmModule,
  PACK_PANEL,
  PACK_PANEL_BYTES,
  PRODUCT,
  PRODUCT_BYTES,
  ROWS,
} from '../kernels/gemm.ts';
import { FEW_ROWS, GROUP } from '../kernels/few-rows.ts';
import { Records } from '../kernels/records.ts';
import { PANEL, PANEL_BYTES } from '../kernels/register-tile.ts';
import type { Frame } from './frame.ts';

/** A right operand [depth × columns]; element (d, j) is at `from + d · depthStride + j · columnStride`. */
export interface RightOperand {
  readonly from: number;
  readonly columns: number;
  readonly depth: number;
  readonly columnStride: number;
  readonly depthStride: number;
  /** Address of its packed form, of `packedBytes(columns, depth)` bytes. */
  readonly to: number;
}

/** One product C [rows × columns] = A · B (+ bias). Addresses and strides in bytes. */
export interface ProductCall {
  readonly a: number;
  readonly aRowStride: number;
  readonly aDepthStride: number;
  /** Address of the packed right operand. */
  readonly b: number;
  readonly c: number;
  /** Bytes from row to row of C. Default: those of the columns. */
  readonly cStride?: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Address of [columns] numbers, or 0. */
  readonly bias: number;
}

/** Number of tasks per thread in a large job: enough that all threads end at about the same time. */
const TASKS_PER_THREAD = 8;

/** The most bytes of a right operand in a task of few rows: all threads then end at about the same time. */
const FEW_ROWS_BYTES = 2 ** 19;

/** Packs right operands. */
export async function packAll(frame: Frame, operands: readonly RightOperand[]): Promise<void> {
  const panels = operands.reduce((sum, { columns }) => sum + Math.ceil(columns / PANEL), 0);
  const records = new Records(PACK_PANEL, PACK_PANEL_BYTES, panels);
  let index = 0;
  let elements = 0;
  for (const { from, columns, depth, columnStride, depthStride, to } of operands) {
    elements += columns * depth;
    for (let column = 0; column < columns; column += PANEL) {
      records.set(index++, {
        from: from + column * columnStride,
        columnStride,
        depthStride,
        columns: Math.min(PANEL, columns - column),
        depth,
        to: to + (column / PANEL) * PANEL_BYTES * depth,
      });
    }
  }
  await frame.run({
    module: loadGemm(frame, undefined),
    kernel: 'packPanel',
    records,
    flops: 10 * elements,
  });
}

/** Computes products that do not depend on each other. */
export async function multiplyAll(
  frame: Frame,
  products: readonly ProductCall[],
  activation?: Activation,
): Promise<void> {
  const ranges = products.flatMap((product) => cut(product, frame.engine.threads / products.length));
  const records = new Records(PRODUCT, PRODUCT_BYTES, ranges.length);
  ranges.forEach((range, index) => records.set(index, range));
  await frame.run({
    module: loadGemm(frame, activation),
    kernel: 'multiply',
    records,
    scratchBytes: GEMM_SCRATCH_BYTES,
    // A product of few rows waits for its right operand, and takes as long as one of so many rows.
    flops: products.reduce(
      (sum, { rows, columns, depth }) => sum + 2 * Math.max(rows, FEW_ROWS) * columns * depth,
      0,
    ),
  });
}

/** Cuts a product into blocks of rows, and these into ranges of columns if there are too few blocks. */
function cut(
  { a, aRowStride, aDepthStride, b, c, rows, columns, depth, bias, cStride = 4 * columns }: ProductCall,
  threads: number,
): Record<keyof typeof PRODUCT, number>[] {
  const rowBlocks = Math.ceil(rows / ROWS);
  const ranges = Math.ceil((TASKS_PER_THREAD * threads) / Math.max(1, rowBlocks));
  const panels = Math.ceil(columns / PANEL / ranges);
  const most = Math.ceil(FEW_ROWS_BYTES / (PANEL_BYTES * Math.max(1, depth)));
  const width = PANEL * (rows > FEW_ROWS ? Math.max(16, panels) : wholeGroups(Math.min(panels, most)));
  const list: Record<keyof typeof PRODUCT, number>[] = [];
  for (let row = 0; row < rows; row += ROWS) {
    for (let column = 0; column < columns; column += width) {
      list.push({
        a: a + row * aRowStride,
        aRowStride,
        aDepthStride,
        b: b + (column / PANEL) * PANEL_BYTES * depth,
        c: c + row * cStride + 4 * column,
        cStride,
        rows: Math.min(ROWS, rows - row),
        columns: Math.min(width, columns - column),
        depth,
        bias: bias === 0 ? 0 : bias + 4 * column,
      });
    }
  }
  return list;
}

/** The least number of panels in whole groups that is not below a number. */
function wholeGroups(panels: number): number {
  return GROUP * Math.max(1, Math.ceil(panels / GROUP));
}

function loadGemm(frame: Frame, activation: Activation | undefined): LoadedModule {
  return frame.engine.load(`gemm ${activation ?? ''}`, (options) => gemmModule({ ...options, activation }));
}
