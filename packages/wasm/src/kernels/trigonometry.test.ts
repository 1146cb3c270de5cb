/** Sines and cosines of kernels against float64. */
import { describe, expect, test } from 'vitest';
import type { FunctionBuilder } from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { evaluate, sweep } from './evaluate.testing.ts';
import { cos, MOST_RADIANS, sin } from './trigonometry.ts';
import type { InPlace } from './vector-math.ts';

/** The greatest error, absolute. */
function greatestError(got: Float32Array, inputs: readonly number[], of: (x: number) => number): number {
  return inputs.reduce((worst, x, i) => Math.max(worst, Math.abs(got[i] - of(x))), 0);
}

describe.each(['relaxed', 'plain'] as const)('%s SIMD', (simd: Simd) => {
  test.each([
    ['sin', sin, Math.sin],
    ['cos', cos, Math.cos],
  ] as const)('%s is right to 2⁻²³ up to 2²⁷ radians', (_, make, of) => {
    const emit = (f: FunctionBuilder): InPlace => make(f, simd);
    for (const high of [1, 100, 1e4, 1e6, MOST_RADIANS]) {
      const inputs = sweep(-high, high, 20_000);
      expect(greatestError(evaluate(emit, inputs), inputs, of)).toBeLessThan(2 ** -23);
    }
    const nearQuarters = Array.from({ length: 20_000 }, (__, n) => Math.fround((n * 4001 * Math.PI) / 2));
    expect(greatestError(evaluate(emit, nearQuarters), nearQuarters, of)).toBeLessThan(2 ** -23);
    expect([...evaluate(emit, [NaN, Infinity, -Infinity, 0])]).toEqual([NaN, NaN, NaN, of(0)]);
    for (const value of evaluate(emit, [1e9, -1e20, 3e38, -3e38]))
      expect(Math.abs(value)).toBeLessThanOrEqual(1);
  });

  test('small sines keep their relative accuracy', () => {
    const inputs = [...sweep(-0.01, 0.01, 10_000), 1e-30, -1e-30, 1e-40].map(Math.fround);
    const got = evaluate((f) => sin(f, simd), inputs);
    inputs.forEach((x, i) =>
      expect(Math.abs(got[i] - Math.sin(x))).toBeLessThanOrEqual(3 * 2 ** -24 * Math.abs(x)),
    );
  });
});
