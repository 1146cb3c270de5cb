/**
 * The heads of q, k, v or out as the kernel sees them: an address and a stride for each head. A tensor in the
 * heap is used in place; the rows of a tensor elsewhere are copied to staging memory and back.
 */
import { type Tensor } from '@attn/core';
import { rowStrides, type AttentionLayout } from '@attn/core/backend';
import { copyFloats, writeFloats, type Frame } from '../ops/frame.ts';

/** Rows from … to (exclusive). */
export type RowRange = readonly [from: number, to: number];

/** The address of row 0 of a head, and bytes from one row to the next. */
export interface RowAddress {
  readonly address: number;
  readonly stride: number;
}

/** The heads of a tensor. */
export class StagedHeads {
  /** Number of floats of a head. */
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

  /** Number of floats of staging memory that a head needs; 0 if the tensor is used in place. */
  get stagedSize(): number {
    return this.base === undefined ? this.size : 0;
  }

  /** The address of a head's rows: in place, or at `staging`. */
  at(batchRow: number, head: number, staging: number): RowAddress {
    if (this.base === undefined) return { address: staging, stride: 4 * this.dim };
    return { address: this.base + 4 * this.origin(batchRow, head), stride: 4 * this.strides.row };
  }

  /** Copies rows of a head to staging memory, unless the tensor is used in place. */
  load(batchRow: number, head: number, staging: number, ranges: readonly RowRange[]): void {
    if (this.base !== undefined) return;
    const tensor = this.frame.view(this.tensor);
    const to = this.frame.heap.f32(staging, this.size);
    this.eachPiece(batchRow, head, ranges, (at, row, rows) =>
      copyFloats(tensor, at, to.subarray(row * this.dim, (row + rows) * this.dim)),
    );
  }

  /** Copies rows of a head from staging memory to the tensor, unless the tensor is used in place. */
  store(batchRow: number, head: number, staging: number, ranges: readonly RowRange[]): void {
    if (this.base !== undefined) return;
    const tensor = this.frame.view(this.tensor);
    const from = this.frame.heap.f32(staging, this.size);
    this.eachPiece(batchRow, head, ranges, (at, row, rows) =>
      writeFloats(from.subarray(row * this.dim, (row + rows) * this.dim), tensor, at),
    );
  }

  /** Visits the pieces of a head that are contiguous in the tensor. */
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
