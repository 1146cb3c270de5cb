// Measures of dense and of sparse vectors, and of the tokens of two texts.
import { f32, type Tensor } from '@attn/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxSim, SIMILARITIES, similarity } from './similarity.ts';
import { sparseRows } from './sparse-vector.ts';
import { quantizeEmbeddings, rangesOf } from './quantize.ts';

const a = f32([2, 3], [1, 2, 2, 0, 0, 0]);
const b = f32([3], [2, 4, 4]);

describe('similarity', () => {
  test.each([
    ['cosine', [1, 0]],
    ['dot', [18, 0]],
    ['euclidean', [-3, -6]],
    ['manhattan', [-5, -10]],
  ] as const)('%s', (measure, expected) => {
    const scores = similarity(a, b, measure);
    expect(scores.shape).toEqual([2, 1]);
    expect(Array.from(scores.data)).toEqual(expected);
  });
  test('a vector has no distance from itself, though its products are rounded', () => {
    const vector = f32([1, 2], [1e4, 1.2345678]);
    expect(Math.abs(similarity(vector, vector, 'euclidean').data[0])).toBe(0);
  });
  test('of sparse vectors is that of the same dense ones', () => {
    const vectors = fc.array(fc.array(fc.constantFrom(0, 0, 1, -2.5, 3), { minLength: 6, maxLength: 6 }), {
      minLength: 1,
      maxLength: 3,
    });
    const tensorOf = (rows: readonly (readonly number[])[]): Tensor<'f32'> =>
      f32([rows.length, 6], rows.flat());
    const property = fc.property(vectors, vectors, fc.constantFrom(...SIMILARITIES), (x, y, measure) => {
      const dense = similarity(tensorOf(x), tensorOf(y), measure);
      const [sparseX, sparseY] = [sparseRows(tensorOf(x)), sparseRows(tensorOf(y))];
      expect(similarity(sparseX, sparseY, measure)).toEqual(dense);
      expect(similarity(sparseX, tensorOf(y), measure)).toEqual(dense);
    });
    fc.assert(property);
  });
  test('refuses vectors that do not go together, and lists of something else', () => {
    expect(() => similarity(a, f32([2], [1, 2]))).toThrow(
      'the vectors of a and b must have one length, got 3 and 2',
    );
    expect(() => similarity(a, b, 'angle' as 'dot')).toThrow('measure must be "cosine"');
    const unsorted = { indices: Int32Array.of(3, 1), values: Float32Array.of(1, 1) };
    expect(() => similarity([unsorted], b)).toThrow('a[0] must be a vector { indices, values }');
    expect(() => similarity({ dtype: 'i32', shape: [1], data: Int32Array.of(1) }, b)).toThrow(
      'a must be f32 or f16, got i32',
    );
  });
});

test('the greatest weights of a sparse vector are kept, in the order of their places', () => {
  const [vector] = sparseRows(f32([1, 5], [0.5, 3, 0, 2, 1]), 2);
  expect([[...vector.indices], [...vector.values]]).toEqual([
    [1, 3],
    [3, 2],
  ]);
});

test('maxSim: each token of the query counts with its best token of the document', () => {
  const query = f32([2, 2], [1, 0, 0, 1]);
  const document = f32([3, 2], [0.5, 0.25, 2, -1, 0, 0.75]);
  expect(maxSim(query, document)).toBe(2 + 0.75);
  expect(maxSim(document, query)).toBe(0.5 + 2 + 0.75);
  expect(() => maxSim(query, f32([1, 3], [1, 2, 3]))).toThrow('document must be [tokens, 2]');
  expect(() => maxSim(query, f32([0, 2], []))).toThrow('with at least one token, got [0, 2]');
});

test('ranges of vectors, for the bytes of others', () => {
  const sample = f32([3, 2], [0, 5, 10, 5, 4, 5]);
  expect(rangesOf(sample)).toEqual(f32([2, 2], [0, 5, 10, 5]));
  const { data } = quantizeEmbeddings(f32([1, 2], [20, 5.5]), 'uint8', { ranges: rangesOf(sample) });
  expect([...data]).toEqual([255, 0]);
  expect(() => rangesOf(f32([1, 2], [1, 2]))).toThrow('at least two vectors');
  expect(() => quantizeEmbeddings(sample, 'int8', { ranges: f32([2, 3], [0, 0, 0, 1, 1, 1]) })).toThrow(
    'ranges must be [2, 2], got [2, 3]',
  );
});
