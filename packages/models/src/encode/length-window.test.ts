// Which texts of a window run together, and that none waits for ever.
import { expect, test } from 'vitest';
import { LengthWindow } from './length-window.ts';

const rules = { lengths: { maxLength: 512 }, padded: true, longest: 512, batchTokens: 128, patience: 20 };

test('the length that fills a batch best runs first', () => {
  const window = new LengthWindow<string>(rules);
  for (const [name, tokens] of [
    ['a', 10],
    ['b', 40],
    ['c', 12],
    ['d', 44],
    ['e', 900],
  ] as const)
    // prettier-ignore
    window.add(name, tokens);
  expect([window.size, window.tokens]).toEqual([5, 1_006]);
  expect(window.take()).toEqual(['b', 'd']); // two rows of 48 are all of a batch
  window.add('f', 47);
  expect(window.take()).toEqual(['e']); // one row of 512 is more than a batch
  expect(window.take()).toEqual(['f']);
  expect(window.take()).toEqual(['a', 'c']);
  expect([window.take(), window.size, window.tokens]).toEqual([[], 0, 0]);
});

test('a text of a rare length waits for a bounded number of others', () => {
  const window = new LengthWindow<number>(rules);
  window.add(-1, 300);
  const longRow = { ...rules, batchTokens: 4_096 };
  const rare = new LengthWindow<number>(longRow);
  rare.add(-1, 300);
  let later = 0;
  for (; later < 1_000; later += 32) {
    for (let i = 0; i < 32; i++) rare.add(later + i, 10);
    if (rare.take().includes(-1)) break;
  }
  expect(later).toBeLessThanOrEqual(32);
  expect(window.take()).toEqual([-1]);
});

test('without padding only equal lengths run together', () => {
  const window = new LengthWindow<string>({ ...rules, padded: false });
  window.add('a', 10);
  window.add('b', 11);
  window.add('c', 10);
  expect([window.take(), window.take()]).toEqual([['a', 'c'], ['b']]);
});
