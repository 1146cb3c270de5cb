import { describe, expect, test } from 'vitest';
import { float32ToHalf, halfToFloat32, halfToNumber, numberToHalf } from './float16.ts';

describe('half precision', () => {
  test.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])('%i stands for %d', (bits, value) => {
    expect(halfToNumber(bits)).toBe(value);
    expect(numberToHalf(value)).toBe(bits);
  });

  test('every bit pattern survives', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfToNumber(bits);
      if (Number.isNaN(value)) expect(halfToNumber(numberToHalf(value))).toBeNaN();
      else if (numberToHalf(value) !== bits) expect.fail(`${bits} → ${value} → ${numberToHalf(value)}`);
    }
  });

  test('rounds to nearest, ties to even', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const step = (high - low) / 8;
      if (numberToHalf(middle) !== even) expect.fail(`tie between ${low} and ${high}`);
      if (numberToHalf(middle - step) !== bits || numberToHalf(middle + step) !== bits + 1)
        expect.fail(`near ${middle}`);
    }
    expect(numberToHalf(65519.99)).toBe(0x7bff);
    expect(numberToHalf(65520)).toBe(0x7c00);
    expect(numberToHalf(2 ** -26)).toBe(0);
  });

  test('an array of all bit patterns is widened as they are one by one', () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    expect(halfToFloat32(bits)).toEqual(Float32Array.from(bits, halfToNumber));
  });

  test('arrays', () => {
    expect(halfToFloat32(float32ToHalf([1, -0.5]))).toEqual(Float32Array.of(1, -0.5));
  });
});
