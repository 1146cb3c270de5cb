/** For tests: tensors of reproducible numbers, and comparing them. */
import { type Tensor } from '@attn/core';
import { float32ToHalf } from '@attn/core/backend';
import { toReference } from '@attn/core/reference';
import { expect } from 'vitest';

/** Numbers in [−1, 1), always the same ones. */
export function randomNumbers(length: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length }, () => {
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

/** Compares with the place of the first mismatch in the message. */
export function expectClose(actual: Tensor, expected: Float64Array, tolerance: number): void {
  const values = toReference(actual).data;
  expect(values.length).toBe(expected.length);
  const wrong = values.findIndex((value, i) => {
    const want = expected[i];
    if (!Number.isFinite(want)) return !Object.is(value, want);
    return !(Math.abs(value - want) <= tolerance * Math.max(1, Math.abs(want)));
  });
  expect(wrong, wrong < 0 ? '' : `element ${wrong}: ${values[wrong]}, expected ${expected[wrong]}`).toBe(-1);
}
