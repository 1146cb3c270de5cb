import { expect, test } from 'vitest';
import { CodeReader } from './codes.ts';
import { halfFormat, HalfWriter } from './half-writer.ts';
import { halfNumber, nearestHalf } from './halves.ts';

const FORMS = ['f16', 'bf16'] as const;

test.each(FORMS)('all halves are their own nearest: %s', (form) => {
  for (let bits = 0; bits < 2 ** 16; bits++) {
    const number = halfNumber(bits, form);
    if (Number.isNaN(number)) expect(halfNumber(nearestHalf(number, form), form)).toBeNaN();
    else if (nearestHalf(number, form) !== bits) expect.fail(`${bits} became ${nearestHalf(number, form)}`);
  }
});

test('bf16 is the upper half of an f32, rounded to nearest, ties to even', () => {
  const f32Of = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0];
  expect(nearestHalf(1, 'bf16')).toBe(0x3f80);
  expect(nearestHalf(f32Of(0x3f808000), 'bf16')).toBe(0x3f80);
  expect(nearestHalf(f32Of(0x3f808001), 'bf16')).toBe(0x3f81);
  expect(nearestHalf(f32Of(0x3f818000), 'bf16')).toBe(0x3f82);
  expect(nearestHalf(f32Of(0xbf818000), 'bf16')).toBe(0xbf82);
  expect(nearestHalf(f32Of(0x7f7fffff), 'bf16')).toBe(0x7f80);
  expect(halfNumber(0xc040, 'bf16')).toBe(-3);
});

test.each(FORMS)('a matrix of halves: %s', (form) => {
  const writer = new HalfWriter(2, 3, form);
  writer.write(0, Float32Array.of(1, -0.5, 0));
  writer.write(1, Float32Array.of(2 ** -14, 3, -4));
  const { codes, ...format } = writer.matrix();
  expect(format).toEqual(halfFormat(3, form));
  expect(codes.shape).toEqual([2, 1, 6]);
  const out = new Float32Array(3);
  new CodeReader({ codes: codes.data }, 3, format).numbers(1, out);
  expect([...out]).toEqual([2 ** -14, 3, -4]);
});

test.each([
  ['f16', 65_519, undefined],
  ['f16', -65_520, 'numbers must be at most 65504 in size to be f16, unlike f32, got -65520 at [0, 1]'],
  ['f16', NaN, 'numbers must be finite, got NaN at [0, 1]'],
  ['bf16', 3.38e38, undefined],
  ['bf16', 3.4e38, 'numbers must be at most 3.3895313892515355e+38 in size to be bf16, unlike f32'],
  ['bf16', -Infinity, 'numbers must be finite, got -Infinity at [0, 1]'],
] as const)('the range of %s: %f', (form, value, message) => {
  const write = (): void => new HalfWriter(1, 2, form).write(0, Float32Array.of(0, value));
  if (message === undefined) expect(write).not.toThrow();
  else expect(write).toThrow(message);
});
