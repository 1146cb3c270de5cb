import { describe, expect, test } from 'vitest';
import { gelu, geluTanh, relu } from '../activation.ts';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';
import { erf, erfc } from './erf.ts';

describe('erf', () => {
  // Abramowitz & Stegun, tables 7.1 and 7.3, and more digits from mpmath.
  test.each([
    [0, 0],
    [0.1, 0.1124629160182848922],
    [0.46875, 0.4926134732179379916],
    [0.5, 0.5204998778130465377],
    [1, 0.8427007929497148693],
    [2, 0.9953222650189527342],
    [3.5, 0.9999992569016276586],
    [6, 1],
  ])('erf(±%d)', (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-15);
    expect(erf(-x) + erf(x)).toBe(0);
  });

  test.each([
    [0.5, 0.4795001221869534623],
    [2, 0.00467773498104726584],
    [4, 1.5417257900280018852e-8],
    [5, 1.5374597944280348502e-12],
    [10, 2.088487583762544757e-45],
    [26, 5.6631924088561428464e-296],
  ])('erfc(%d) keeps its digits in the tail', (x, expected) => {
    expect(Math.abs(erfc(x) / expected - 1)).toBeLessThan(2e-15);
    expect(erfc(-x)).toBe(2 - erfc(x));
  });

  test('limits', () => {
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect(erf(NaN)).toBeNaN();
    expect(erfc(NaN)).toBeNaN();
  });
});

describe('activations', () => {
  test('gelu at known points', () => {
    expect(gelu(1)).toBeCloseTo(0.841344746068543, 14);
    expect(gelu(-1)).toBeCloseTo(-0.158655253931457, 14);
    expect(gelu(-10) / -7.619853024160525e-23).toBeCloseTo(1, 12);
    expect(geluTanh(1)).toBeCloseTo(0.8411919906082768, 14);
  });

  test.each([
    ['gelu', gelu],
    ['geluTanh', geluTanh],
    ['relu', relu],
  ])('%s at the limits', (_, activation) => {
    expect(activation(Infinity)).toBe(Infinity);
    expect(Math.abs(activation(-Infinity))).toBe(0);
    expect(activation(NaN)).toBeNaN();
  });
});

test('the ops', () => {
  const x = reference([3], [-1, 0, 2]);
  expect(references.gelu({ x }, { approximate: 'none' })[0].data).toEqual(x.data.map(gelu));
  expect(references.gelu({ x }, { approximate: 'tanh' })[0].data).toEqual(x.data.map(geluTanh));
  expect(references.relu({ x }, {})[0].data).toEqual(Float64Array.of(0, 0, 2));
  expect(references.tanh({ x }, {})[0].data).toEqual(x.data.map(Math.tanh));
  for (const op of ['relu', 'tanh'] as const)
    expect(ops[op].infer({ x: spec([2, 0], 'f16') }, {})).toEqual([spec([2, 0], 'f16')]);
  expect(ops.gelu.infer({ x: spec([4]) }, { approximate: 'tanh' })).toEqual([spec([4])]);
  expectError(
    () => ops.gelu.infer({ x: spec([4]) }, { approximate: 'fast' as never }),
    'INVALID_ARGUMENT',
    'gelu: approximate must be "none" or "tanh", got "fast"',
  );
  expectError(
    () => ops.tanh.infer({ x: spec([4], 'bool') }, {}),
    'INVALID_DTYPE',
    'tanh: x must be f32 or f16, got bool',
  );
});
