/**
 * The rows of one head of q, k, v or out as the kernel sees them: an address and a stride. A tensor in the heap is used where it
 * is; of one from elsewhere, the rows that are needed are copied to and fro.
 */
import { type Tensor } from '@attn/core';
import { rowStrides, type AttentionLayout } from '@attn/core/backend';
import { copyFloats, writeFloats, type Frame } from '../ops/frame.ts';

/** Rows from … to (exclusive). */
export type RowRange = readonly [from: number, to: number];

/** Where row 0 of a head lies, and bytes from one row to the next. */
export interface RowAddress {
  readonly address: number;
  readonly stride: number;
}

/** All heads of a tensor. */
export class HeadRows {
  /** Floats of one head. */
  readonly size: number;
  private readonly frame: Frame;
  private readonly tensor: Tensor;
  private readonly base: number | undefined;
  private readonly strides: ReturnType<typeof rowStrides>;
  private readonly length: number;
  private readonly dim: number;

  constructor(
    frame: Frame,
    tensor: Tensor,
    shape: {
      readonly layout: AttentionLayout;
      readonly heads: number;
      readonly length: number;
      readonly dim: number;
    },
  ) {
    this.frame = frame;
    this.tensor = tensor;
    this.base = frame.locate(tensor);
    this.strides = rowStrides(shape.layout, shape.heads, shape.length, shape.dim);
    this.length = shape.length;
    this.dim = shape.dim;
    this.size = shape.length * shape.dim;
  }

  /** Floats of staging memory that a head needs. */
  get stagedSize(): number {
    return this.base === undefined ? this.size : 0;
  }

  /** Where a head's rows are to be found or put: in place, or at `staging`. */
  at(batchRow: number, head: number, staging: number): RowAddress {
    if (this.base === undefined) return { address: staging, stride: 4 * this.dim };
    return { address: this.base + 4 * this.origin(batchRow, head), stride: 4 * this.strides.row };
  }

  /** Copies rows of a head to staging memory, if that is where they are used. */
  load(batchRow: number, head: number, staging: number, ranges: readonly RowRange[]): void {
    if (this.base !== undefined) return;
    const tensor = this.frame.view(this.tensor);
    const to = this.frame.heap.f32(staging, this.size);
    this.eachPiece(batchRow, head, ranges, (at, row, rows) =>
      copyFloats(tensor, at, to.subarray(row * this.dim, (row + rows) * this.dim)),
    );
  }

  /** Copies rows of a head from staging memory to the tensor, if they were computed there. */
  store(batchRow: number, head: number, staging: number, ranges: readonly RowRange[]): void {
    if (this.base !== undefined) return;
    const tensor = this.frame.view(this.tensor);
    const from = this.frame.heap.f32(staging, this.size);
    this.eachPiece(batchRow, head, ranges, (at, row, rows) =>
      writeFloats(from.subarray(row * this.dim, (row + rows) * this.dim), tensor, at),
    );
  }

  /** Pieces of a head that are contiguous in the tensor. */
  private eachPiece(
    batchRow: number,
    head: number,
    ranges: readonly RowRange[],
    visit: (at: number, row: number, rows: number) => void,
  ): void {
    const origin = this.origin(batchRow, head);
    const together = this.strides.row === this.dim ? this.length : 1;
    for (const [from, to] of ranges) {
      for (let row = from; row < to; row += together) {
        visit(origin + row * this.strides.row, row, Math.min(together, to - row));
      }
    }
  }

  private origin(batchRow: number, head: number): number {
    return batchRow * this.strides.batch + head * this.strides.head;
  }
}
