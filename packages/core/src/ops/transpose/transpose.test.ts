import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { transpose } = ops;

test('a matrix', () => {
  expect(transpose.infer({ x: spec([2, 3], 'bool') }, { permutation: [1, 0] })).toEqual([
    spec([3, 2], 'bool'),
  ]);
  expect(references.transpose({ x: counting([2, 3]) }, { permutation: [1, 0] })).toEqual([
    reference([3, 2], [0, 3, 1, 4, 2, 5]),
  ]);
});

test('the inverse permutation undoes it', () => {
  const cases = fc
    .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
    .chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
  fc.assert(
    fc.property(cases, ([shape, permutation]) => {
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      const x = counting(shape);
      const [there] = references.transpose({ x }, { permutation });
      expect(there.shape).toEqual(transpose.infer({ x: spec(shape) }, { permutation })[0].shape);
      expect(references.transpose({ x: there }, { permutation: inverse })).toEqual([x]);
    }),
  );
});

test('says what does not fit', () => {
  expectError(
    () => transpose.infer({ x: spec([2, 3]) }, { permutation: [0, 0] }),
    'INVALID_ARGUMENT',
    'transpose: permutation must list every axis once, got [0, 0]',
  );
  expectError(
    () => transpose.infer({ x: spec([2, 3]) }, { permutation: [0] }),
    'INVALID_ARGUMENT',
    'transpose: permutation must be a list of 2 integers, got [0]',
  );
});
