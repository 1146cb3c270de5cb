import { expect, test } from 'vitest';
import { flowing, pageAt, pagesOf, piecesOf, withoutOverlaps } from './pages.ts';

const text = Array.from({ length: 900 }, (_, i) => `word${i}${i % 40 === 39 ? '\n\n' : ' '}`).join('');

test('pages make up the text, and end with paragraphs', () => {
  const starts = pagesOf(text);
  expect(starts.length).toBeGreaterThan(1);
  const pages = starts.map((start, i) => text.slice(start, starts[i + 1]));
  expect(pages.join('')).toBe(text);
  for (const page of pages.slice(0, -1)) expect(page.endsWith('\n\n')).toBe(true);
});

test('a text without spaces has pages, too', () => {
  const starts = pagesOf('x'.repeat(10_000));
  expect(starts).toEqual([0, 3000, 6000, 9000]);
});

test('each place is on its page', () => {
  const starts = pagesOf(text);
  for (const place of [0, 1, 2999, 5000, text.length - 1]) {
    const page = pageAt(starts, place);
    expect(starts[page]).toBeLessThanOrEqual(place);
    expect(starts[page + 1] ?? Infinity).toBeGreaterThan(place);
  }
});

test('marks that overlap the page or each other become pieces of it', () => {
  const marks = [
    { start: 0, end: 4 },
    { start: 6, end: 8 },
    { start: 7, end: 9 },
    { start: 11, end: 20 },
  ];
  const pieces = piecesOf('abcdefghijklmn', [2, 12], marks);
  expect(pieces.map(({ text: piece, mark }) => [piece, mark !== undefined])).toEqual([
    ['cd', true],
    ['ef', false],
    ['gh', true],
    ['i', true],
    ['jk', false],
    ['l', true],
  ]);
});

test('broken lines flow, verses and paragraphs stay', () => {
  const long = 'a line that somebody has broken at a width of seventy or so';
  expect(flowing(`${long}\nit goes on.\n\nNew.\nVerse`)).toBe(`${long} it goes on.\n\nNew.\nVerse`);
});

test('of marks that overlap, the first in the list stays', () => {
  const marks = [
    { start: 9, end: 15 },
    { start: 4, end: 10 },
    { start: 4, end: 9 },
  ];
  expect(withoutOverlaps(marks)).toEqual([marks[0], marks[2]]);
});
