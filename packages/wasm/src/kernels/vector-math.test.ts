/** The functions of kernels against float64, over all that they may meet. */
import { erf } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import type { FunctionBuilder } from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { evaluate, sweep } from './evaluate.testing.ts';
import { fit } from './polynomial.ts';
import { exp, exp2, gelu, geluTanh, log, relu, sigmoid, silu, tanh, type InPlace } from './vector-math.ts';

/** The greatest error relative to max(|expected|, floor). */
function greatestError(
  got: Float32Array,
  inputs: readonly number[],
  of: (x: number) => number,
  floor: number,
): number {
  return inputs.reduce((worst, x, i) => {
    const expected = of(x);
    return Math.max(worst, Math.abs(got[i] - expected) / Math.max(Math.abs(expected), floor));
  }, 0);
}

const sigmoidOf = (x: number): number => 1 / (1 + Math.exp(-x));
const geluOf = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
const geluTanhOf = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

describe.each(['relaxed', 'plain'] as const)('%s SIMD', (simd: Simd) => {
  test('exp2 is right to 1.2e-7, and exactly 0 for what is hidden', () => {
    const inputs = sweep(-126, 0);
    const make = (f: FunctionBuilder): InPlace => exp2(f, simd);
    expect(greatestError(evaluate(make, inputs), inputs, (x) => 2 ** x, 0)).toBeLessThan(1.2e-7);
    expect([...evaluate(make, [-Infinity, -1e30, -200, 0])]).toEqual([0, 0, 0, 1]);
    expect([...evaluate(make, [NaN, 1, -1, 10])]).toEqual([NaN, 2, 0.5, 1024]);
  });

  test('log is right to a few units, also near 1 and of subnormal numbers; −∞ of 0, NaN of less', () => {
    const make = (f: FunctionBuilder): InPlace => log(f, simd);
    for (const [low, high] of [
      [2 ** -126, 2 ** -120],
      [0.01, 0.7],
      [0.7, 1.5],
      [0.999, 1.001],
      [1.5, 1e4],
      [1e30, 3e38],
    ]) {
      const inputs = sweep(low, high, 10_000);
      expect(greatestError(evaluate(make, inputs), inputs, Math.log, 1e-9)).toBeLessThan(5 * 2 ** -24);
    }
    expect([...evaluate(make, [0, -0, -1, -Infinity])]).toEqual([-Infinity, -Infinity, NaN, NaN]);
    expect([...evaluate(make, [1, Infinity, NaN, -1e-40])]).toEqual([0, Infinity, NaN, NaN]);
    expect(evaluate(make, [Math.fround(1e-40)])[0]).toBeCloseTo(Math.log(Math.fround(1e-40)), 4);
  });

  test('exp is right to a few units, overflows where f32 ends, and is 0 far below', () => {
    const make = (f: FunctionBuilder): InPlace => exp(f, simd);
    for (const [low, high] of [
      [-1, 1],
      [-87.3, 88.7],
    ]) {
      const inputs = sweep(low, high);
      const bound = (5 + 2 * Math.max(-low, high)) * 2 ** -24;
      expect(greatestError(evaluate(make, inputs), inputs, Math.exp, 0)).toBeLessThan(bound);
    }
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([0, Infinity, NaN, 1]);
    expect([...evaluate(make, [88.73, 1e30, -104, -1e30])]).toEqual([Infinity, Infinity, 0, 0]);
    expect(evaluate(make, [-100])[0]).toBeCloseTo(3.8e-44, 45);
  });

  test('sigmoid keeps its relative accuracy in both tails', () => {
    const make = (f: FunctionBuilder): InPlace => sigmoid(f, simd);
    const inputs = sweep(-87.3, 20);
    expect(greatestError(evaluate(make, inputs), inputs, sigmoidOf, 0)).toBeLessThan(1.2e-5);
    const near = sweep(-4, 20);
    expect(greatestError(evaluate(make, near), near, sigmoidOf, 0)).toBeLessThan(1e-6);
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([0, 1, NaN, 0.5]);
    expect([...evaluate(make, [-89, -1e30, 89, 1e30])]).toEqual([0, 0, 1, 1]);
  });

  test('silu is right wherever e^-x can be computed, and vanishes below', () => {
    const make = (f: FunctionBuilder): InPlace => silu(f, simd);
    const siluOf = (x: number): number => x * sigmoidOf(x);
    const inputs = sweep(-88, 20);
    expect(greatestError(evaluate(make, inputs), inputs, siluOf, 1e-36)).toBeLessThan(1.2e-5);
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([-0, Infinity, NaN, 0]);
    expect([...evaluate(make, [-89, -1e30, 89, 3e38])]).toEqual([-0, -0, 89, Math.fround(3e38)]);
  });

  test('tanh is right to 3e-7 of its value', () => {
    const inputs = [...sweep(-12, 12), ...sweep(-0.01, 0.01)];
    const make = (f: FunctionBuilder): InPlace => tanh(f, simd);
    expect(greatestError(evaluate(make, inputs), inputs, Math.tanh, 1e-30)).toBeLessThan(3e-7);
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([-1, 1, NaN, 0]);
  });

  test('gelu is right to 1e-6 of its value, and to 1e-7 where it nearly vanishes', () => {
    const make = (f: FunctionBuilder): InPlace => gelu(f, simd);
    const inputs = sweep(-4, 12);
    expect(greatestError(evaluate(make, inputs), inputs, geluOf, 1e-1)).toBeLessThan(1e-6);
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([-0, Infinity, NaN, 0]);
  });

  test('gelu by tanh is right to 1e-6', () => {
    const make = (f: FunctionBuilder): InPlace => geluTanh(f, simd);
    const inputs = sweep(-8, 8);
    expect(greatestError(evaluate(make, inputs), inputs, geluTanhOf, 1e-1)).toBeLessThan(1e-6);
    expect([...evaluate(make, [-Infinity, Infinity, NaN, 0])]).toEqual([-0, Infinity, NaN, 0]);
  });

  test('relu keeps NaN', () => {
    expect([...evaluate((f) => relu(f), [-1, 2, NaN, -Infinity])]).toEqual([0, 2, NaN, 0]);
  });
});

test('a fit of a polynomial is that polynomial, and of another function close to the best there is', () => {
  fit((x) => 1 - 2 * x + 3 * x ** 2, -1, 2, 2).forEach((c, i) => expect(c).toBeCloseTo([1, -2, 3][i], 12));
  const sine = fit(Math.sin, -1, 1, 7);
  const worst = sweep(-1, 1).reduce((error, x) => {
    const value = sine.reduce((sum, c, power) => sum + c * x ** power, 0);
    return Math.max(error, Math.abs(value - Math.sin(x)));
  }, 0);
  expect(worst).toBeLessThan(5e-8);
});
