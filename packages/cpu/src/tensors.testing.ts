/** For tests: tensors of reproducible numbers, and a comparison with expected numbers. */
import { type Tensor } from '@attn/core';
import { float32ToHalf } from '@attn/core/backend';
import { toReference } from '@attn/core/reference';
import { expect } from 'vitest';

/** Numbers in [−1, 1), always the same for a seed. */
export function randomNumbers(length: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return new Float32Array(length).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** A tensor of numbers in [−1, 1). */
export function random(shape: readonly number[], seed: number, dtype: 'f32' | 'f16' = 'f32'): Tensor {
  const values = randomNumbers(
    shape.reduce((product, extent) => product * extent, 1),
    seed,
  );
  return dtype === 'f32' ? { dtype, shape, data: values } : { dtype, shape, data: float32ToHalf(values) };
}

/** Compares a tensor with expected numbers. The message has the index of the first mismatch. */
export function expectClose(actual: Tensor, expected: Float64Array, tolerance: number): void {
  const values = toReference(actual).data;
  expect(values.length).toBe(expected.length);
  const wrong = values.findIndex((value, i) => {
    const reference = expected[i];
    if (!Number.isFinite(reference)) return !Object.is(value, reference);
    return !(Math.abs(value - reference) <= tolerance * Math.max(1, Math.abs(reference)));
  });
  expect(wrong, wrong < 0 ? '' : `element ${wrong}: ${values[wrong]}, expected ${expected[wrong]}`).toBe(-1);
}
