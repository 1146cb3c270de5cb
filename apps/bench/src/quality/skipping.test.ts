import { expect, test } from 'vitest';
import { clustered, skippedTiles, type HeadStates } from './skipping.ts';

/** Two groups of queries and keys, far from each other: each group sees itself. */
const n = 16;
const groups = (group: (i: number) => number): HeadStates => {
  const points = Float32Array.from({ length: 2 * n }, (_, at) =>
    at % 2 === group(Math.floor(at / 2)) ? 10 : 0,
  );
  return { q: points, k: points, n, d: 2, scale: 1 };
};
const options = { rows: 8, columns: 8, epsilons: [1e-6, 1e-44] };

test('tiles between groups may go, those within may not', () => {
  const [loose, strict] = skippedTiles(
    groups((i) => Math.floor(i / 8)),
    options,
  );
  expect(loose).toEqual({ certified: 0.5, possible: 0.5 });
  expect(strict).toEqual({ certified: 0, possible: 0 }); // ln(16 / 1e-44) > 100
});

test('groups that alternate are found by an order of the keys', () => {
  const states = groups((i) => i % 2);
  const columnsOnly = { ...options, rows: 1 };
  expect(skippedTiles(states, columnsOnly)[0]).toEqual({ certified: 0, possible: 0 });
  expect(skippedTiles(clustered(states, 8), columnsOnly)[0]).toEqual({ certified: 0.5, possible: 0.5 });
});

test('a bound never says more than is possible', () => {
  const random = (seed: number): Float32Array =>
    Float32Array.from({ length: n * 4 }, (_, i) => 6 * Math.sin(seed + 7.3 * i * i));
  const states = { q: random(1), k: random(2), n, d: 4, scale: 0.5 };
  for (const { certified, possible } of skippedTiles(states, { rows: 2, columns: 4, epsilons: [1e-1, 1e-3] }))
    expect(certified).toBeLessThanOrEqual(possible);
});
