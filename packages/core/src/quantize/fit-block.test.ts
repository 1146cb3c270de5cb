import { expect, test } from 'vitest';
import { roundEven } from './activations.ts';
import type { CodeBits } from './codes.ts';
import { BlockFitter } from './fit-block.ts';

/** Numbers in a bell, with some far ones. */
function bell(seed: number, count = 32): Float32Array {
  let state = seed;
  const uniform = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return Float32Array.from(
    { length: count },
    () => (uniform() + uniform() + uniform()) * (uniform() > 0.45 ? 3 : 1),
  );
}

function errorOf(
  values: Float32Array,
  { scale, zero }: { scale: number; zero: number },
  most: number,
): number {
  return values.reduce((sum, value) => {
    const code = Math.max(0, Math.min(most, roundEven(value / scale) + zero));
    return sum + (value - scale * (code - zero)) ** 2;
  }, 0);
}

/** The whole range in even steps. */
function ofRange(values: Float32Array, most: number): { scale: number; zero: number } {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const scale = Math.fround((high - low) / most);
  return { scale, zero: roundEven(-low / scale) };
}

test('of 4 bits, fits are better than the whole range, never worse', () => {
  const fitter = new BlockFitter(4, true);
  let [own, plain] = [0, 0];
  for (let seed = 1; seed <= 200; seed++) {
    const values = bell(seed);
    fitter.fit(values, 0, values.length);
    const [error, range] = [errorOf(values, fitter, 15), errorOf(values, ofRange(values, 15), 15)];
    expect(error).toBeLessThanOrEqual(range * (1 + 1e-6));
    own += error;
    plain += range;
  }
  expect(own).toBeLessThan(0.95 * plain);
});

test('the scale is the best one of its codes', () => {
  const fitter = new BlockFitter(4, true);
  for (let seed = 1; seed <= 50; seed++) {
    const values = bell(seed);
    fitter.fit(values, 0, values.length);
    const codes = Array.from(values, (value) => fitter.code(value) - fitter.zero);
    const fixed = (scale: number): number =>
      values.reduce((sum, value, i) => sum + (value - scale * codes[i]) ** 2, 0);
    expect(fixed(fitter.scale)).toBeLessThanOrEqual(fixed(fitter.scale * 1.02));
    expect(fixed(fitter.scale)).toBeLessThanOrEqual(fixed(fitter.scale * 0.98));
  }
});

test.each<[CodeBits, boolean, readonly number[]]>([
  [4, true, [1, 2, 3, 4]],
  [4, true, [-1, -2, -3, -4]],
  [8, true, [5, 6, 7]],
  [4, true, [1e-45, -1e-45]],
  [4, false, [1e-45, 0]],
  [8, false, [1e-45, 0]],
  [4, true, [3.4e38, -3.4e38]],
  [4, false, [3.4e38, -3.4e38]],
  [8, false, [3.4e38, -3.4e38]],
  [4, true, [7]],
  [4, true, []],
])('%i bits, zero points %s: %j', (bits, hasZero, numbers) => {
  const fitter = new BlockFitter(bits, hasZero);
  const values = Float32Array.from(numbers);
  fitter.fit(values, 0, values.length);
  const most = 2 ** bits - 1;
  expect(Number.isFinite(fitter.scale)).toBe(true);
  expect(
    [fitter.zero, ...values.map((value) => fitter.code(value))].every((code) => code >= 0 && code <= most),
  ).toBe(true);
  expect(Number.isInteger(fitter.zero)).toBe(true);
  const range = Math.max(0, ...values) - Math.min(0, ...values);
  for (const value of values) {
    const near = Math.fround(fitter.scale * (fitter.code(value) - fitter.zero));
    expect(Math.abs(near - value)).toBeLessThanOrEqual(Math.max(range / 7, 2e-45));
  }
});

test('only the numbers of the block count', () => {
  const fitter = new BlockFitter(4, true);
  const values = bell(3);
  fitter.fit(values, 0, values.length);
  const { scale, zero } = fitter;
  fitter.fit(Float32Array.of(100, ...values, -100), 1, values.length + 1);
  expect([fitter.scale, fitter.zero]).toEqual([scale, zero]);
});
