import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { full } from '../../patterns/full.ts';
import { f32, i32, type Tensor } from '../../tensor.ts';
import { expectError } from '../ops.testing.ts';
import { fromReference, toReference } from '../reference-tensor.ts';
import { mergeStates } from './merge-states.ts';
import { attentionReference } from './reference.ts';
import type { AttentionLayout } from './spec.ts';

const state = (out: number[], lse: number) => ({
  out: f32([1, 1, 1, out.length], out),
  lse: f32([1, 1, 1], [lse]),
});

describe('one row', () => {
  test('equal weights average', () => {
    const { out, lse } = mergeStates([state([1, 2], 3), state([3, 6], 3)]);
    expect(out).toEqual(f32([1, 1, 1, 2], [2, 4]));
    expect(lse.data[0]).toBeCloseTo(3 + Math.LN2, 6);
  });

  test('a state without keys does not enter, whatever it holds', () => {
    const { out, lse } = mergeStates([state([NaN], -Infinity), state([5], -2)]);
    expect([out.data[0], lse.data[0]]).toEqual([5, -2]);
  });

  test('no keys at all', () => {
    const { out, lse } = mergeStates([state([0], -Infinity), state([0], -Infinity)]);
    expect([out.data[0], lse.data[0]]).toEqual([0, -Infinity]);
  });

  test.each([
    ['in lse', state([1], NaN)],
    ['in out', state([NaN], -500)],
  ])('NaN %s stays NaN', (_, broken) => {
    expect(mergeStates([broken, state([1], 0)]).out.data[0]).toBeNaN();
  });

  test('huge lse does not overflow', () => {
    const { out, lse } = mergeStates([state([1], 1000), state([3], 1000)]);
    expect(out.data[0]).toBe(2);
    expect(lse.data[0]).toBeCloseTo(1000 + Math.LN2, 3);
  });
});

test('keys split anywhere give attention over all keys, in both layouts', () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  const [heads, queries, keys, dim] = [2, 3, 5, 2];
  const fill = (extent: number) =>
    fc.array(number, { minLength: heads * extent * dim, maxLength: heads * extent * dim });
  const layouts = fc.constantFrom<AttentionLayout>('bhnd', 'bnhd');
  fc.assert(
    fc.property(fill(queries), fill(keys), fill(keys), fc.nat(keys), layouts, (q, k, v, cut, layout) => {
      const shape = (extent: number) =>
        layout === 'bhnd' ? [1, heads, extent, dim] : [1, extent, heads, dim];
      const over = (from: number, to: number) => {
        const part = (data: number[]) =>
          data.filter((_, i) => {
            const key = layout === 'bhnd' ? Math.floor(i / dim) % keys : Math.floor(i / dim / heads);
            return from <= key && key < to;
          });
        const tensor = (extent: number, data: number[]) => toReference(f32(shape(extent), data));
        const inputs = {
          q: tensor(queries, q),
          k: tensor(to - from, part(k)),
          v: tensor(to - from, part(v)),
        };
        const [out, lse] = attentionReference(inputs, { pattern: full(), layout, returnLse: true });
        return { out: fromReference(out, 'f32'), lse: fromReference(lse, 'f32') };
      };
      const merged = mergeStates([over(0, cut), over(cut, keys)], { layout });
      const whole = over(0, keys);
      expectClose(merged.out, whole.out);
      expectClose(merged.lse, whole.lse);
    }),
  );
});

function expectClose(got: Tensor, expected: Tensor): void {
  expect(got.shape).toEqual(expected.shape);
  got.data.forEach((value, i) => expect(Math.abs(value - expected.data[i])).toBeLessThan(1e-5));
}

test('says what does not fit', () => {
  expectError(
    () => mergeStates([]),
    'INVALID_ARGUMENT',
    'mergeStates: expected a list of at least one state, got []',
  );
  expectError(
    () => mergeStates([state([1], 0), state([1, 2], 0)]),
    'INVALID_SHAPE',
    'mergeStates: out of state 1 must have the shape of state 0, [1, 1, 1, 1], got [1, 1, 1, 2]',
  );
  expectError(
    () => mergeStates([{ out: f32([1, 1, 2, 1], [1, 2]), lse: f32([1, 1, 1], [0]) }]),
    'INVALID_SHAPE',
    'mergeStates: lse of state 0 must be [1, 1, 2], got [1, 1, 1]',
  );
  const good = state([1], 0);
  expectError(
    () => mergeStates([good], { layout: 'xyz' as never }),
    'INVALID_ARGUMENT',
    'mergeStates: layout must be "bhnd" or "bnhd", got "xyz"',
  );
  expectError(
    () => mergeStates(undefined as never),
    'INVALID_ARGUMENT',
    'mergeStates: expected a list of at least one state, got undefined',
  );
  expectError(
    () => mergeStates([null as never]),
    'INVALID_ARGUMENT',
    'mergeStates: state 0 must be { out, lse }, got null',
  );
  expectError(
    () => mergeStates([{ ...good, out: i32([1, 1, 1, 1], [0]) }]),
    'INVALID_DTYPE',
    'mergeStates: out of state 0 must be f32 or f16, got i32',
  );
  expectError(
    () => mergeStates([good, { ...good, lse: i32([1, 1, 1], [0]) }]),
    'INVALID_DTYPE',
    'mergeStates: lse of state 1 must be f32, got i32',
  );
});
