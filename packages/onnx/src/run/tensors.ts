/**
 * Converts tensors of core to tensors of ONNX Runtime and back. Copies only what the runtime would transfer.
 */
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
 * Converts an input to a tensor of ONNX Runtime. Halves are passed as uint16 and relabelled: where JavaScript
 * has `Float16Array` the constructor would make one, which onnxruntime-node takes to be empty
 * (microsoft/onnxruntime#32323).
 */
export function toOrt(
  { ort: { Tensor: OrtTensorClass }, transfersInputs }: Pick<Runtime, 'ort' | 'transfersInputs'>,
  { dtype, shape, data }: Tensor,
): OrtTensor {
  const values = (transfersInputs ? data.slice() : data) as never;
  if (dtype !== 'f16') return new OrtTensorClass(TYPES[dtype], values, [...shape]);
  return Object.assign(new OrtTensorClass('uint16', values, [...shape]), { type: TYPES.f16 });
}

/** Converts a result to a tensor of core. Errors: `INTERNAL` for a result of another dtype. */
export function fromOrt(tensor: OrtTensor, { dtype, shape }: TensorSpec): Tensor {
  if (tensor.type !== TYPES[dtype]) {
    throw new AttnError('INTERNAL', 'onnx/run', `expected a ${TYPES[dtype]} tensor, got ${tensor.type}`);
  }
  // Halves may arrive as a Float16Array, and under Jest all arrays belong to another realm.
  return contiguous({ dtype, shape, data: tensor.data as StorageOf[DType] });
}
