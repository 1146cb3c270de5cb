/** Tensors of core as tensors of ONNX Runtime, and back. Nothing is copied where the runtime does not. */
import { AttnError, type DType, type StorageOf, type Tensor, type TensorSpec } from '@attn/core';
import type { OrtModule, OrtTensor } from './runtime.ts';

const TYPES: Readonly<Record<DType, string>> = {
  f32: 'float32',
  f16: 'float16',
  i32: 'int32',
  u32: 'uint32',
  u8: 'uint8',
  bool: 'bool',
};

/** Halves are Float16Arrays where the language has them, and bits elsewhere. */
const Halves = (
  globalThis as { Float16Array?: new (buffer: ArrayBufferLike, at: number, length: number) => object }
).Float16Array;

/** For feeding. */
export function toOrt({ Tensor: Make }: OrtModule, { dtype, shape, data }: Tensor): OrtTensor {
  const given =
    dtype === 'f16' && Halves !== undefined ? new Halves(data.buffer, data.byteOffset, data.length) : data;
  return new Make(TYPES[dtype], given as never, [...shape]);
}

/** A result. */
export function fromOrt(tensor: OrtTensor, { dtype, shape }: TensorSpec): Tensor {
  if (tensor.type !== TYPES[dtype]) {
    throw new AttnError('INTERNAL', 'onnx/run', `expected a ${TYPES[dtype]} tensor, got ${tensor.type}`);
  }
  const data = tensor.data as StorageOf[DType];
  if (dtype !== 'f16' || data instanceof Uint16Array) return { dtype, shape, data } as Tensor;
  const { buffer, byteOffset, length } = data;
  return { dtype, shape, data: new Uint16Array(buffer as ArrayBuffer, byteOffset, length) };
}
