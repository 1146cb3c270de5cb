import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contiguousStrides, sizeOf } from '../tensor.ts';
import { broadcastShape, broadcastsTo, broadcastStrides, forEachOffset, offsetAt } from './broadcast.ts';

// Two shapes that broadcast: a common one, from which each drops leading axes and stretches some.
const operand = (shape: readonly number[]) =>
  fc
    .record({ drop: fc.nat(shape.length), stretch: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) })
    .map(({ drop, stretch }) => shape.slice(drop).map((extent, axis) => (stretch[axis] ? 1 : extent)));
const pairs = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) => fc.tuple(operand(shape), operand(shape)));

test('every element is read where NumPy reads it', () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const shape = broadcastShape('add', a, b);
      expect(broadcastsTo(a, shape) && broadcastsTo(b, shape)).toBe(true);
      expect(broadcastShape('add', b, a)).toEqual(shape);

      const visited: number[][] = [];
      forEachOffset(shape, [broadcastStrides(a, shape), broadcastStrides(b, shape)], (index, offsets) => {
        expect(offsets).toEqual([a, b].map((own) => offsetAt(index, shape, broadcastStrides(own, shape))));
        expect(index).toBe(visited.length);
        visited.push([...offsets]);
      });
      const rowMajor = contiguousStrides(shape);
      const expected = Array.from({ length: sizeOf(shape) }, (_, index) =>
        [a, b].map((own) => {
          const strides = contiguousStrides(own);
          const missing = shape.length - own.length;
          const at = (axis: number) => Math.floor(index / rowMajor[axis + missing]) % shape[axis + missing];
          return own.reduce((sum, extent, axis) => sum + (extent === 1 ? 0 : at(axis) * strides[axis]), 0);
        }),
      );
      expect(visited).toEqual(expected);
    }),
  );
});

test('what does not stretch', () => {
  expect(broadcastsTo([2, 3], [3])).toBe(false);
  expect(broadcastsTo([2], [3])).toBe(false);
  expect(() => broadcastShape('add', [0], [2])).toThrow('shapes [0] and [2] do not broadcast');
});
