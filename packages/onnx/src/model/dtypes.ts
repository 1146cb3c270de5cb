/** The dtypes of core in ONNX's numbering. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, TensorProto.DataType */
import type { DType } from '@attn/core';

/** Numbers of `TensorProto.DataType`, for what models of ours hold; `i64` only as shapes and indices inside of them. */
export const ELEMENT: Readonly<Record<DType | 'i64', number>> = {
  f32: 1,
  u8: 2,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  u32: 12,
};

/** A dtype that a value of a model can have. */
export type ElementType = keyof typeof ELEMENT;
