// Numbers and tables as they are printed without a terminal: plain text.
import { expect, test } from 'vitest';
import { bytes, count, duration, percent } from './format.ts';
import { fields, table } from './table.ts';

test('numbers', () => {
  expect([0.4242, 17.4, 1234, 59_990, 125_000].map(duration)).toEqual([
    '0.42 ms',
    '17 ms',
    '1.23 s',
    '59.99 s',
    '2 min 05 s',
  ]);
  expect([512, 1536, 12 * 2 ** 20].map(bytes)).toEqual(['512 B', '1.5 KiB', '12.0 MiB']);
  expect([1, 0.125, 0.00078125, 0, 0.9999].map(percent)).toEqual([
    '100 %',
    '12.5 %',
    '0.0781 %',
    '0 %',
    '100 %',
  ]);
  expect(count(65_536)).toBe('65,536');
});

test('columns are aligned, numbers to the right, and lines have no trailing blanks', () => {
  const columns = [{ title: 'name' }, { title: 'n²', align: 'right' as const }, { title: 'why' }];
  const text = table(columns, [
    ['a', '1', ''],
    ['long name', '100', 'é'],
  ]);
  expect(text.split('\n')).toEqual(['name        n²  why', 'a            1', 'long name  100  é']);
});

test('fields are aligned', () => {
  expect(
    fields([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toBe('a     1\nlong  2');
});
