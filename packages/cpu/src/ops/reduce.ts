/**
 * The `reduce` op: an axis becomes a single number, by sums and means in float64 or by maxima that keep NaN.
 */
import { inChunks, sizeOf, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/** Number of columns that are reduced together, so that memory is read along its rows. */
const WIDTH = 64;

/** The kernel of `reduce`: x is seen as [outer, extent, inner], and the middle axis is reduced. */
export async function reduce({ inputs, outputs, attributes, context }: KernelCall<'reduce'>): Promise<void> {
  const { axis, kind } = attributes;
  const { shape } = inputs.x;
  const extent = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  const columns = new Float64Array(Math.min(WIDTH, inner));
  const divisor = kind === 'mean' ? extent : 1;
  const combine = kind === 'max' ? takeGreater : add;
  const blocks = Math.ceil(inner / WIDTH);
  await inChunks(
    sizeOf(shape.slice(0, axis)) * blocks,
    extent * columns.length,
    context.pause,
    (from, to) => {
      for (let block = from; block < to; block++) {
        const outer = Math.floor(block / blocks);
        const first = (block - outer * blocks) * WIDTH;
        const width = Math.min(WIDTH, inner - first);
        columns.fill(kind === 'max' ? -Infinity : 0);
        for (let i = 0, at = outer * extent * inner + first; i < extent; i++, at += inner)
          combine(columns, x, at, width);
        const start = outer * inner + first;
        for (let column = 0; column < width; column++) out.data[start + column] = columns[column] / divisor;
      }
    },
  );
  out.done();
}

/** Combines `width` elements of x, from index `at` on, with as many columns. */
type Combine = (columns: Float64Array, x: Float32Array, at: number, width: number) => void;

const add: Combine = (columns, x, at, width) => {
  for (let column = 0; column < width; column++) columns[column] += x[at + column];
};

const takeGreater: Combine = (columns, x, at, width) => {
  for (let column = 0; column < width; column++) {
    const value = x[at + column];
    // No number is greater than NaN, so NaN stays. It is the only value that differs from itself.
    if (value > columns[column] || value !== value) columns[column] = value;
  }
};
