/** What is said to be exact is so, in every order of summation; and what is not is told from it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorOfAbsorbing, isPowerOfTwo, sumsExactly } from './exact.ts';

const LARGEST = 3.4028234663852886e38;

test('powers of two', () => {
  for (const x of [1, -2, 0.5, 2 ** 127, 2 ** -126]) expect(isPowerOfTwo(x)).toBe(true);
  for (const x of [0, 3, 0.75, 1 / Math.sqrt(8), LARGEST, 2 ** 40 + 1]) expect(isPowerOfTwo(x)).toBe(false);
});

test('sums that are exact in float32', () => {
  expect(sumsExactly([])).toBe(true);
  expect(sumsExactly([0, 0])).toBe(true);
  expect(sumsExactly([-LARGEST, 0])).toBe(true);
  expect(sumsExactly([2 ** 23, 0.5, -0.5])).toBe(false);
  expect(sumsExactly([1e9, 64])).toBe(true);
  expect(sumsExactly([1e9, 1])).toBe(false);
  expect(sumsExactly([2 ** 127, 2 ** 127])).toBe(false);
  expect(sumsExactly([NaN])).toBe(false);
  expect(sumsExactly([-Infinity])).toBe(false);
});

test('no order of summation rounds what is said to be exact', () => {
  const step = fc.integer({ min: -(2 ** 20), max: 2 ** 20 });
  const scale = fc.integer({ min: -100, max: 100 }).map((exponent) => 2 ** exponent);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), scale, fc.nat(), (steps, unit, turn) => {
      const terms = steps.map((step) => step * unit);
      if (!sumsExactly(terms)) return;
      const turned = [
        ...terms.slice(turn % (terms.length + 1)),
        ...terms.slice(0, turn % (terms.length + 1)),
      ];
      const rounded = turned.reduce((sum, term) => Math.fround(sum + Math.fround(term)), 0);
      expect(rounded === terms.reduce((sum, term) => sum + term, 0)).toBe(true);
    }),
  );
});

test('a term that absorbs the others', () => {
  expect(errorOfAbsorbing([1.5, -LARGEST], 1e-6)).toBe(0);
  expect(errorOfAbsorbing([1.5, -1e9], 1e-6)).toBe(1.5);
  expect(errorOfAbsorbing([100, -1e9], 0)).toBeUndefined();
  expect(errorOfAbsorbing([1, 2], 0)).toBeUndefined();
  expect(errorOfAbsorbing([NaN, -LARGEST], NaN)).toBeUndefined();
});
