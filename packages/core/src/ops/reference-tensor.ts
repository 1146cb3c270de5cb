/** Conversions between tensors and the float64 tensors of the references, and steps that references share. */
import { halfToNumber, numberToHalf } from '../util/float16.ts';
import { allocate, contiguous, sizeOf, type DType, type Tensor } from '../tensor.ts';
import type { ReferenceTensor } from './op.ts';

/** Widens any tensor, strided ones too, to float64. Integers and masks become their numbers. */
export function toReference(tensor: Tensor): ReferenceTensor {
  const { dtype, shape, data } = contiguous(tensor);
  return { shape, data: dtype === 'f16' ? Float64Array.from(data, halfToNumber) : Float64Array.from(data) };
}

/**
 * Rounds to a dtype. For f16 the value goes through f32 first, as it does in kernels that compute in f32; for
 * `bool` everything but 0 is 1.
 */
export function fromReference<D extends DType>(reference: ReferenceTensor, dtype: D): Tensor<D> {
  const data = allocate(dtype, reference.data.length);
  const convert =
    dtype === 'f16' ? numberToHalf : dtype === 'bool' ? (x: number) => (x === 0 ? 0 : 1) : Number;
  for (let i = 0; i < data.length; i++) data[i] = convert(reference.data[i]);
  return { dtype, shape: reference.shape, data };
}

/** A reference tensor of zeros. */
export function emptyReference(shape: readonly number[]): ReferenceTensor {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** Applies a function to every element. */
export function mapReference(x: ReferenceTensor, f: (value: number) => number): ReferenceTensor {
  return { shape: x.shape, data: x.data.map(f) };
}

/**
 * A shape as `[outer, extent, inner]` around an axis: element (o, i, r) is at `(o · extent + i) · inner + r`.
 */
export function aroundAxis(
  shape: readonly number[],
  axis: number,
): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}
