/** For tests: runs attention calls on the backend and compares them with core's float64 reference. */
import {
  attentionGraph,
  attentionInputs,
  attentionReference,
  float32ToHalf,
  full,
  toReference,
  type AttentionCall,
  type NamedReferences,
  type RunOptions,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { expect } from 'vitest';
import { cpu } from '../index.ts';

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

/** Runs a call on the backend, its outputs poisoned beforehand. */
export async function runAttention(call: AttentionCall, options: RunOptions = {}): Promise<Tensors> {
  const executable = await cpu({ poison: true }).compile(attentionGraph(call));
  return executable.run(attentionInputs(call), options);
}

/** Runs a call with lse and compares every number with the reference: NaN with NaN, −∞ with −∞, others within `tolerance`. */
export async function checkAttention(given: AttentionCall, tolerance = 1e-6): Promise<Tensors> {
  const call: AttentionCall = { pattern: full(), returnLse: true, ...given };
  const outputs = await runAttention(call);
  const references: Record<string, NamedReferences[string]> = {};
  for (const [name, tensor] of Object.entries(attentionInputs(call))) references[name] = toReference(tensor);
  const [out, lse] = attentionReference(references, { pattern: full(), ...call });
  expectClose(outputs.out, out.data, tolerance);
  expectClose(outputs.lse, lse.data, 1e-6);
  return outputs;
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
