/** The elements of a strided view, one after the other. */
import { ELEMENT_BYTES, type TensorRef } from './pickle/values.ts';

/**
 * The bytes of a tensor, row-major, from those of its storage's record: a view of them where its elements
 * lie side by side, else a copy. The view lies in the record; `checkView` has seen to that.
 */
export function gather(tensor: TensorRef, record: Uint8Array): Uint8Array {
  const { storage, shape, strides } = tensor;
  const size = ELEMENT_BYTES[storage.dtype];
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const first = storage.offset + tensor.offset;
  if (elements === 0) return record.subarray(0, 0);
  if (isContiguous(shape, strides)) return record.subarray(first * size, (first + elements) * size);
  const out = new Uint8Array(elements * size);
  const indices = new Array<number>(shape.length).fill(0);
  const inner = shape.length - 1;
  for (let to = 0, row = first; to < out.length;) {
    // One row of the last axis.
    for (let i = 0, from = row * size; i < shape[inner]; i++, from += strides[inner] * size, to += size)
      for (let byte = 0; byte < size; byte++) out[to + byte] = record[from + byte];
    // The next row, as an odometer counts.
    for (let axis = inner - 1; axis >= 0; axis--) {
      row += strides[axis];
      indices[axis] += 1;
      if (indices[axis] < shape[axis]) break;
      row -= indices[axis] * strides[axis];
      indices[axis] = 0;
    }
  }
  return out;
}

/** Whether elements lie side by side. The stride of an axis of one element means nothing. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}
