import { expect, test } from 'vitest';
import { insideOf, moved, wholeView, zoomed } from './view.ts';

const N = 1_000_000;

test('zooming keeps the cell under the mouse', () => {
  const view = zoomed(N, wholeView(N), 0.01, 0.25, 0.75);
  expect(view.size).toBe(10_000);
  expect(view.key + 0.25 * view.size).toBeCloseTo(250_000, -1);
  expect(view.query + 0.75 * view.size).toBeCloseTo(750_000, -1);
});

test('it ends at single cells, and at the whole', () => {
  expect(zoomed(N, wholeView(N), 1e-9).size).toBe(8);
  expect(zoomed(N, { query: 5, key: 5, size: 64 }, 1e9)).toEqual(wholeView(N));
  expect(zoomed(3, wholeView(3), 0.1)).toEqual(wholeView(3));
});

test('nothing leaves the picture', () => {
  expect(moved(100, { query: 10, key: 80, size: 20 }, 5, -5)).toEqual({ query: 0, key: 80, size: 20 });
  expect(insideOf(50, { query: 90, key: 90, size: 20 })).toEqual({ query: 30, key: 30, size: 20 });
});
