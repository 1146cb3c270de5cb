/** Parts of weights: matrices that a checkpoint stores as one, below each other, are apart here. */
import { bytesPerElement, isLazy, lazyTensor, sizeOf, type StorageOf } from '@attn/core/backend';
import type { DType, QuantizedMatrix, Tensor } from '@attn/core';
import type { LinearWeights } from '../graph/model-builder.ts';
import type { Weight } from './layout.ts';

/**
 * Cuts a weight into `count` weights of equally many rows. Nothing is copied or read: the parts share the
 * weight's memory, and parts of a weight in a file are read, or mapped, as parts. Cut a weight once for all
 * graphs, because backends know a weight by its memory.
 */
export function cutRows({ name, tensor, quantized }: Weight, count: number): readonly Weight[] {
  const rows = tensor.shape[0] / count;
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * rows, (i + 1) * rows];
    const part = quantized && { ...quantized, ...codesOfRows(quantized, from, to) };
    return { name: `${name}[${from}:${to}]`, tensor: rowsOf(tensor, from, to), quantized: part };
  });
}

/** A weight without its first rows. It shares the memory of the whole, as the parts of `cutRows` do. */
export function withoutFirstRows(weight: Weight, count: number): Weight {
  const { name, tensor } = weight;
  const [rows] = tensor.shape;
  return count === 0 ? weight : { name: `${name}[${count}:${rows}]`, tensor: rowsOf(tensor, count, rows) };
}

/** The codes of the rows [from, to) of a matrix. */
export function codesOfRows(matrix: QuantizedMatrix, from: number, to: number): QuantizedMatrix {
  const { codes, scales, zeroPoints, ...format } = matrix;
  return {
    ...format,
    codes: rowsOf(codes, from, to),
    ...(scales && { scales: rowsOf(scales, from, to) }),
    ...(zeroPoints && { zeroPoints: rowsOf(zeroPoints, from, to) }),
  };
}

/** Cuts a linear layer into `count` layers of equally many outputs, as `cutRows` cuts a weight. */
export function cutLayer({ weight, bias }: LinearWeights, count: number): readonly LinearWeights[] {
  const biases = bias && cutRows(bias, count);
  return cutRows(weight, count).map((part, i) => ({ weight: part, bias: biases?.[i] }));
}

/** Some rows of a weight, in this order, as a copy. */
export function pickRows({ name, tensor }: Weight, rows: readonly number[]): Weight {
  const width = sizeOf(tensor.shape.slice(1));
  const shape = [rows.length, ...tensor.shape.slice(1)];
  const pick = (): Float32Array => {
    const { data } = tensor;
    const picked = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries())
      picked.set(data.subarray(row * width, (row + 1) * width), i * width);
    return picked;
  };
  const data = { dtype: 'f32', shape } as const;
  return {
    name: `${name}[${rows.join()}]`,
    tensor: isLazy(tensor) ? lazyTensor(data, pick) : { ...data, data: pick() },
  };
}

/**
 * Cuts a stack of matrices [count, rows, columns] into `parts` matrices of equally many rows, in the order in
 * which they lie there, as `cutRows` cuts a weight.
 */
export function cutMatrices({ name, tensor }: Weight, parts: number): readonly Weight[] {
  const [count, height, columns] = tensor.shape;
  const rows = (count * height) / parts;
  return Array.from({ length: parts }, (_, i) => ({
    name: `${name}[${i}/${parts}]`,
    tensor: rowsOf(tensor, i * rows, (i + 1) * rows, [columns]),
  }));
}

/** Rows of a tensor, each of the shape `row`. */
function rowsOf<D extends DType>(
  tensor: Tensor<D>,
  from: number,
  to: number,
  row: readonly number[] = tensor.shape.slice(1),
): Tensor<D> {
  const { dtype } = tensor;
  const shape = [to - from, ...row];
  const width = sizeOf(row);
  const [start, end] = [from * width, to * width];
  if (!isLazy(tensor)) return { dtype, shape, data: tensor.data.subarray(start, end) as StorageOf[D] };
  const { file } = tensor;
  const bytes = bytesPerElement(dtype);
  const span = file && {
    ...file,
    byteOffset: file.byteOffset + start * bytes,
    byteLength: (end - start) * bytes,
  };
  // A copy, which does not keep the other rows in memory.
  return lazyTensor({ dtype, shape }, () => tensor.data.slice(start, end) as StorageOf[D], span);
}
