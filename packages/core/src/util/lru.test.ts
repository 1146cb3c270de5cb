import { expect, test } from 'vitest';
import { LruMap } from './lru.ts';

test('forgets what was not used for longest', () => {
  const evicted: number[] = [];
  const map = new LruMap<number>(2, { onEvict: (value) => evicted.push(value) });
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  map.set('a', 4);
  map.clear();
  expect(evicted).toEqual([2, 1, 3, 4]);
});

test('keeps the sum of weights within its bound, and the newest entry whatever it weighs', () => {
  const evicted: string[] = [];
  const map = new LruMap<string>(9, {
    maxWeight: 5,
    weigh: ({ length }) => length,
    onEvict: (value) => evicted.push(value),
  });
  map.set('a', 'aa');
  map.set('b', 'bbb');
  map.get('a');
  map.set('c', 'c');
  expect(evicted).toEqual(['bbb']);
  map.set('a', 'a');
  map.set('d', 'ddd');
  expect(evicted).toEqual(['bbb', 'aa']);
  map.set('e', 'eeeeeeee');
  expect(evicted).toEqual(['bbb', 'aa', 'c', 'a', 'ddd']);
  expect(map.get('e')).toBe('eeeeeeee');
});

test('a value that weighs less by now makes room, and what weighs nothing stays for others that weigh much', () => {
  const evicted: string[] = [];
  const weights = new Map([
    ['a', 4],
    ['b', 4],
  ]);
  const map = new LruMap<string>(3, {
    maxWeight: 5,
    weigh: (value) => weights.get(value) ?? 0,
    onEvict: (value) => evicted.push(value),
  });
  map.set('a', 'a');
  weights.set('a', 0);
  map.reweigh('a');
  map.reweigh('nobody');
  map.set('b', 'b');
  weights.set('c', 6);
  map.set('c', 'c');
  expect(evicted).toEqual(['b']);
  map.set('d', 'd');
  expect(evicted).toEqual(['b', 'c']);
  map.set('e', 'e');
  map.set('f', 'f');
  expect(evicted).toEqual(['b', 'c', 'a']);
});
