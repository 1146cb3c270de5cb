/** The recipes give equal numbers everywhere, and masks do what their names say. */
import { expect, test } from 'vitest';
import { fill, fillIntegers, fillMask, fillSegments, seedOf } from './data.ts';

test('seeds and numbers are what the documentation says', () => {
  expect(seedOf('a')).toBe(0xe40c292c);
  const firstOutputs = [4207900869, 1317490944, 2079646450]; // of seed 12345
  expect([...fill('uniform', 3, 12345)]).toEqual(firstOutputs.map((u) => Math.fround((u / 2 ** 32) * 2 - 1)));
});

test('distributions stay in their ranges', () => {
  const range = (values: Float32Array): [number, number] => [Math.min(...values), Math.max(...values)];
  const [low, high] = range(fill('uniform', 1000, 1));
  expect(low).toBeGreaterThanOrEqual(-1);
  expect(high).toBeLessThanOrEqual(1);
  expect(range(fill('halves', 1000, 1))).toEqual([-4, 4]);
  expect(range(fill('ones*3', 5, 1))).toEqual([3, 3]);
  expect(new Set(fill('signs*2', 100, 1))).toEqual(new Set([-2, 2]));
  expect(range(fill('integers*64@-1e9', 100, 1))).toEqual([-1e9, -1e9 + 7 * 64]);
  const bell = fill('bell', 4000, 1);
  const variance = bell.reduce((sum, value) => sum + value * value, 0) / bell.length;
  expect(variance).toBeGreaterThan(0.9);
  expect(variance).toBeLessThan(1.1);
  expect(new Set(fillIntegers(4, 100, 1))).toEqual(new Set([0, 1, 2, 3]));
});

test('mask recipes', () => {
  const row = (recipe: string, n = 6, round = 0): string => fillMask(recipe, 1, n, 1, round).join('');
  expect(row('all')).toBe('111111');
  expect(row('none')).toBe('000000');
  expect(row('tail:2')).toBe('111100');
  expect(row('tail:9')).toBe('000000');
  expect(row('head:2')).toBe('001111');
  expect(row('every:3')).toBe('100100');
  expect(row('only:0,-1')).toBe('100001');
  expect(row('not:1,2')).toBe('100111');
  expect(row('tail:2', 6, 1), 'the second run has it in reverse').toBe('001111');
  expect(fillMask('only:0|none', 3, 2, 1, 0).join('')).toBe('100010');
  const holes = fillMask('holes:30', 1, 1000, 1, 0).reduce((sum, value) => sum + value, 0);
  expect(holes).toBeGreaterThan(640);
  expect(holes).toBeLessThan(760);
  expect(() => row('tial:2')).toThrow('unknown kind');
});

test('segment recipes', () => {
  expect([...fillSegments('runs:2,4', 1, 6, 0)]).toEqual([0, 0, 1, 1, 2, 2]);
  expect([...fillSegments('modulo:2|own', 2, 3, 0)]).toEqual([0, 1, 0, 0, 1, 2]);
  expect([...fillSegments('runs:2', 1, 3, 1)]).toEqual([1, 0, 0]);
  expect(() => fillSegments('rnus:2', 1, 3, 0)).toThrow('unknown kind');
});
