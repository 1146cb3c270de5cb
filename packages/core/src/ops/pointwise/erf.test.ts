import { describe, expect, test } from 'vitest';
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
