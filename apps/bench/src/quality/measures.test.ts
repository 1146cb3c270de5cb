import { expect, test } from 'vitest';
import { compare, cosine, spearman, type Material, type Vector } from './measures.ts';

/** Vectors on a circle, turned by an angle. */
const at = (angle: number): Vector => [Math.cos(angle), Math.sin(angle)];
const passages = Array.from({ length: 20 }, (_, i) => at(i / 10));
const material = (turn: (angle: number) => number): Material<Vector> => ({
  texts: [0, 1, 2].map((angle) => at(turn(angle))),
  pairs: [0.1, 0.2, 0.3].map((angle) => [at(0), at(turn(angle))]),
  questions: [at(turn(0))],
  passages,
});
const exact = material((angle) => angle);

test('a model is like itself', () => {
  const { cosMin, cosMean, ...rest } = compare(exact, exact);
  expect(cosMin).toBeCloseTo(1, 12);
  expect(cosMean).toBeCloseTo(1, 12);
  expect(rest).toEqual({ spearman: expect.closeTo(1, 12), topTen: 1, sameFirst: 1 });
});

test('each measure sees what it is for', () => {
  const turned = compare(
    material((angle) => (angle === 0 ? 0.55 : angle)),
    exact,
  );
  expect(turned.cosMin).toBeCloseTo(Math.cos(0.55), 12);
  expect(turned.cosMean).toBeCloseTo((Math.cos(0.55) + 2) / 3, 12);
  expect(turned).toMatchObject({ sameFirst: 0, topTen: 0.9 });
  expect(
    compare(
      material((angle) => -angle * (angle - 0.4)),
      exact,
    ).spearman,
  ).toBeLessThan(1);
});

test('ranks of equal numbers are shared', () => {
  expect(spearman([1, 2, 3], [10, 20, 90])).toBeCloseTo(1, 12);
  expect(spearman([1, 2, 3], [9, 5, 1])).toBeCloseTo(-1, 12);
  expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2, 12);
  expect(cosine([3, 4], [4, 3])).toBeCloseTo(24 / 25, 12);
});
