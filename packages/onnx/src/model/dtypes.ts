/**
 * Core's dtypes in ONNX's numbering: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto,
 * TensorProto.DataType.
 */
import type { DType } from '@attn/core';

/**
 * The number in `TensorProto.DataType` of each dtype. `i64` occurs only inside models, as shapes and indices.
 */
export const ELEMENT: Readonly<Record<DType | 'i64', number>> = {
  f32: 1,
  u8: 2,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  u32: 12,
};

/** A dtype that a value inside a model can have. */
export type ElementType = keyof typeof ELEMENT;
