// The demo's inputs: the real book, its real headings, and an embedding that is deterministic and meaningful.
import { expect, test } from 'vitest';
import { readBook } from './book.ts';
import { embed, HEAD_DIM, HEADS, wordOfEachByte } from './embedding.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

test('the book is whole and its headings are found', async () => {
  const book = await readBook();
  expect(book.bytes.length).toBe(1_204_997);
  expect(book.headings).toHaveLength(135);
  const at = (position: number) => Buffer.from(book.bytes.subarray(position, position + 29)).toString();
  expect(at(book.headings[0])).toMatch(/^CHAPTER 1\. Loomings\.\n/);
  expect(at(book.headings[1])).toMatch(/^CHAPTER 2\. The Carpet-Bag\.\n/);
  expect(at(book.headings[134])).toMatch(/^CHAPTER 135\. The Chase/);
});

test('bytes of equal words have equal hashes, whatever their case', () => {
  const words = wordOfEachByte(utf8('Whale, whale'));
  expect(words[0]).toBe(words[4]);
  expect(words[0]).toBe(words[7]);
  expect(words[5]).not.toBe(words[0]);
});

test('the embedding is deterministic, does not depend on n, and has unit-like rows', () => {
  const bytes = utf8('the whale, the whale and the sea');
  const long = embed(bytes, bytes.length);
  const again = embed(bytes, bytes.length);
  expect(again).toEqual(long);
  const short = embed(bytes, 10);
  expect(short.q.shape).toEqual([1, HEADS, 10, HEAD_DIM]);
  expect(short.q.data.subarray(0, 640)).toEqual(long.q.data.subarray(0, 640));
});

test('like finds like: a byte attends more to the same word than to others', () => {
  const bytes = utf8('the whale, the whale and the sea');
  const { q, k } = embed(bytes, bytes.length);
  const logit = (i: number, j: number) => {
    let sum = 0;
    for (let d = 0; d < HEAD_DIM; d++) sum += q.data[i * HEAD_DIM + d] * k.data[j * HEAD_DIM + d];
    return sum / Math.sqrt(HEAD_DIM);
  };
  const [whale, nextWhale, sea] = [5, 16, 30];
  expect(logit(whale, whale)).toBeGreaterThan(8);
  expect(logit(whale, nextWhale)).toBeGreaterThan(logit(whale, sea) + 2);
});
