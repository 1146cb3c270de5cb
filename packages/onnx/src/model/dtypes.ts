/**
 * Core's dtypes in ONNX's numbering: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto,
 * TensorProto.DataType.
 */
import type { DType } from '@attn/core';

/**
 * The number in `TensorProto.DataType` of each dtype. Some occur only inside models: `i64` as shapes and
 * indices, `i8`, `u4` and `bf16` as codes of weights, `f64` as large integers.
 */
export const ELEMENT: Readonly<Record<DType | 'i8' | 'i64' | 'f64' | 'bf16' | 'u4', number>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  bf16: 16,
  u4: 21,
};

/** A dtype that a value inside a model can have. */
export type ElementType = keyof typeof ELEMENT;
