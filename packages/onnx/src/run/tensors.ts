/** Tensors of core as tensors of ONNX Runtime, and back. Nothing is copied unless the runtime would take it away. */
import { AttnError, type DType, type Tensor, type TensorSpec } from '@attn/core';
import { contiguous, type StorageOf } from '@attn/core/backend';
import type { OrtTensor, Runtime } from './runtime.ts';

const TYPES: Readonly<Record<DType, string>> = {
  f32: 'float32',
  f16: 'float16',
  i32: 'int32',
  u32: 'uint32',
  u8: 'uint8',
  bool: 'bool',
};

/**
 * For feeding. Halves are fed as bits that are relabelled: the constructor would make a Float16Array of them where the language has
 * those, and onnxruntime-node takes such an array to be empty (microsoft/onnxruntime#32323).
 */
export function toOrt(
  { ort: { Tensor: Make }, takesInputs }: Pick<Runtime, 'ort' | 'takesInputs'>,
  { dtype, shape, data }: Tensor,
): OrtTensor {
  const given = (takesInputs ? data.slice() : data) as never;
  if (dtype !== 'f16') return new Make(TYPES[dtype], given, [...shape]);
  return Object.assign(new Make('uint16', given, [...shape]), { type: TYPES.f16 });
}

/** A result. */
export function fromOrt(tensor: OrtTensor, { dtype, shape }: TensorSpec): Tensor {
  if (tensor.type !== TYPES[dtype]) {
    throw new AttnError('INTERNAL', 'onnx/run', `expected a ${TYPES[dtype]} tensor, got ${tensor.type}`);
  }
  // Halves may come as a Float16Array, and under Jest all arrays come from another realm.
  return contiguous({ dtype, shape, data: tensor.data as StorageOf[DType] });
}
