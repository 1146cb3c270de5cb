import { expect, test } from 'vitest';
import { show } from '../errors.ts';
import { zeros } from '../tensor.ts';

const circular: Record<string, unknown> = { name: 'loop' };
circular.self = circular;
let deep: unknown[] = [];
for (let i = 0; i < 1e5; i++) deep = [deep];

test.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  [4096, '4096'],
  [NaN, 'NaN'],
  [12n, '12n'],
  [10n ** 40n, 'a BigInt of many digits'],
  ['abc', '"abc"'],
  [Symbol('s'), 'Symbol(s)'],
  [() => 1, 'a function'],
  [[2, 3], '[2, 3]'],
  [Int32Array.of(1, 2), '[1, 2]'],
  [[], '[]'],
  [{}, '{}'],
  [{ heads: 8, on: true, x: undefined, shape: [1] }, '{"heads":8,"on":true,"x":undefined,"shape":[1]}'],
  [new Map([[1, 2]]), 'a Map'],
  [new DataView(new ArrayBuffer(8)), 'a DataView'],
  [Object.create(null), '{}'],
  [circular, '{"name":"loop","self":{"name":"loop","self":{"name":"loop...'],
  [deep, '[[[[...]]]]'],
  [{ big: 1n }, '{"big":1n}'],
])('%#: %o', (value, text) => {
  expect(show(value)).toBe(text);
});

test('shows no more than a few items, and long text cut', () => {
  expect(show(Array.from({ length: 20 }, (_, i) => i))).toBe('[0, 1, 2, 3, 4, 5, 6, 7, ...]');
  expect(show('x'.repeat(1e6))).toBe(`"${'x'.repeat(57)}..."`);
  expect(show(Array.from({ length: 9 }, () => Array.from({ length: 9 }, () => 'word'))).length).toBe(240);
});

test('reads a few items of big values', () => {
  const big = zeros('u8', [1_000_000]);
  expect(show(big)).toBe('{"dtype":"u8","shape":[1000000],"data":[0, 0, 0, 0, 0, 0,...');
  expect(show(big.data)).toBe('[0, 0, 0, 0, 0, 0, 0, 0, ...]');
  let reads = 0;
  const counted = new Proxy(
    Array.from({ length: 1000 }, () => 0),
    {
      get: (list, name) => {
        reads += 1;
        return Reflect.get(list, name);
      },
    },
  );
  expect(show(counted)).toBe('[0, 0, 0, 0, 0, 0, 0, 0, ...]');
  expect(reads).toBeLessThan(50);
});

test('runs nothing of the value, and never throws', () => {
  const fail = () => {
    throw new Error('must not be called');
  };
  expect(show({ toJSON: fail, toString: fail })).toBe('{"toJSON":a function,"toString":a function}');
  expect(show(Object.defineProperty({}, 'x', { get: fail, enumerable: true }))).toBe('{"x":...}');
  expect(show(new Proxy({}, { ownKeys: fail }))).toBe('a value that cannot be shown');
});
