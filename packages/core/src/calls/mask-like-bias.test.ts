import { afterEach, expect, test, vi } from 'vitest';
import { numberToHalf } from '../util/float16.ts';
import { f32, type Tensor } from '../tensor.ts';
import { debugMaskLikeBias } from './mask-like-bias.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** What is printed about a bias at a level of `ATTN_DEBUG`. */
function printed(bias: Tensor | undefined, level = 1): unknown[] {
  vi.stubGlobal('ATTN_DEBUG', level);
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  debugMaskLikeBias(bias);
  return print.mock.calls.flat();
}

const LEAST = -3.4028234663852886e38;
const half = (values: readonly number[]): Tensor => ({
  dtype: 'f16',
  shape: [1, 1, 1, values.length],
  data: Uint16Array.from(values, numberToHalf),
});

test.each([
  ['finfo.min', f32([1, 1, 1, 3], [0, LEAST, 0])],
  ['−∞', f32([1, 1, 1, 3], [0, -Infinity, 0])],
  ['−10000', f32([3], [-10_000, 0, 0])],
  ['halves', half([0, -65504])],
])('a bias of 0 and %s hides keys', (_, bias) => {
  expect(printed(bias)).toEqual([
    '[attn] attention: this bias only masks; keyMask does that without computing what is hidden',
  ]);
});

test('one that differs by query is a pattern', () => {
  expect(printed(f32([2, 2], [0, -1e9, 0, 0]))).toEqual([
    expect.stringContaining('a pattern (causal(), segments(), where(…)) or keyMask'),
  ]);
});

test.each([
  ['no bias', undefined],
  ['preferences', f32([3], [0, -5, LEAST])],
  ['zeros', f32([3], [0, 0, 0])],
  ['NaN', f32([3], [0, NaN, LEAST])],
])('%s is no mask', (_, bias) => {
  expect(printed(bias)).toEqual([]);
});

test('nothing is looked at in silence', () => {
  const bias = f32([2], [0, -1e9]);
  const readData = vi.spyOn(bias, 'data', 'get').mockImplementation(() => expect.unreachable());
  expect(printed(bias, 0)).toEqual([]);
  expect(readData).not.toHaveBeenCalled();
});
