import { expect, test } from 'vitest';
import { expNonPositive } from './exp.ts';

test('is e^x to within 1e-8 everywhere below 0', () => {
  let worst = 0;
  for (let x = -700; x <= 0; x += 0.00317)
    worst = Math.max(worst, Math.abs(expNonPositive(x) / Math.exp(x) - 1));
  expect(worst).toBeLessThan(1e-8);
});

test('0, −∞, NaN and what float64 cannot hold', () => {
  expect(expNonPositive(0)).toBe(1);
  expect(expNonPositive(-0)).toBe(1);
  expect(expNonPositive(-1e-320)).toBe(1);
  expect(expNonPositive(-Infinity)).toBe(0);
  expect(expNonPositive(-1e6)).toBe(0);
  expect(expNonPositive(NaN)).toBeNaN();
});
