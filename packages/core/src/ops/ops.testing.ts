/** Short ways to write down specs, references and expected errors in the tests of ops. */
import { expect } from 'vitest';
import type { AttnErrorCode } from '../errors.ts';
import type { DType, TensorSpec } from '../tensor.ts';
import type { ReferenceTensor } from './op.ts';

/** A spec: `spec([2, 3])`, `spec([2], 'i32')`. */
export function spec(shape: readonly number[], dtype: DType = 'f32'): TensorSpec {
  return { dtype, shape };
}

/** A reference tensor from numbers. */
export function reference(shape: readonly number[], data: Iterable<number>): ReferenceTensor {
  return { shape, data: Float64Array.from(data) };
}

/** 0, 1, 2, … in a shape. */
export function counting(shape: readonly number[]): ReferenceTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return reference(
    shape,
    Array.from({ length: size }, (_, i) => i),
  );
}

/** Expects the call to throw an `AttnError` with this code and exactly this sentence. */
export function expectError(call: () => unknown, code: AttnErrorCode, message: string): void {
  expect(call).toThrow(
    expect.objectContaining({ name: 'AttnError', code, message: `[attn/core] ${message}` }),
  );
}
