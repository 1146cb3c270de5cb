import { f32, GraphBuilder, i32, type Tensor, type Value } from '@attn/core';
import { ACTIVATIONS, BINARY_OPS, OP_NAMES, UNARY_OPS } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { cpu } from '../index.ts';
import { expectClose, random } from '../tensors.testing.ts';

type Build = (builder: GraphBuilder, ...inputs: Value[]) => Value;

/**
 * Runs a graph of one op on the backend, with poisoned output, and compares the result with the reference.
 */
async function check(inputs: readonly Tensor[], build: Build, tolerance = 1e-6): Promise<void> {
  const builder = new GraphBuilder();
  const values = inputs.map((tensor, i) => builder.input(`input${i}`, tensor));
  const graph = builder.build({ out: build(builder, ...values) });
  const tensors = Object.fromEntries(inputs.map((tensor, i) => [`input${i}`, tensor]));
  const copies = inputs.map(({ data }) => data.slice());
  const executable = await cpu({ poison: true }).compile(graph);
  const { out } = await executable.run(tensors);
  const { out: expected } = evaluateReference(graph, tensors);
  expect(out.shape).toEqual(expected.shape);
  expectClose(out, expected.data, tolerance);
  // `toEqual` takes seconds for as many numbers.
  const changed = inputs.map(({ data }, i) =>
    data.findIndex((value, at) => !Object.is(value, copies[i][at])),
  );
  expect(changed, 'the first changed number of each input').toEqual(inputs.map(() => -1));
}

/** The tolerance of f16 rounding. */
const HALF = 2 ** -10;

describe('linear', () => {
  test.each([
    [[5, 7], 3],
    [[2, 65, 300], 67],
    [[1, 1], 1],
    [[9], 4],
    [[0, 4], 3],
    [[4, 0], 3],
  ])('x %j, %i outputs', async (shape, outputs) => {
    const inFeatures = shape[shape.length - 1];
    const inputs = [random(shape, 1), random([outputs, inFeatures], 2), random([outputs], 3)];
    await check(inputs, (builder, x, weight, bias) => builder.linear(x, weight, bias), 1e-5);
    await check(inputs, (builder, x, weight) => builder.linear(x, weight), 1e-5);
  });

  test.each(ACTIVATIONS)('with %s', async (activation) => {
    const inputs = [random([70, 9], 1), random([5, 9], 2), random([5], 3)];
    await check(inputs, (builder, x, weight, bias) => builder.linear(x, weight, bias, { activation }));
  });

  test('f16', async () => {
    const inputs = [random([70, 9], 1, 'f16'), random([5, 9], 2, 'f16'), random([5], 3, 'f16')];
    await check(inputs, (builder, x, weight, bias) => builder.linear(x, weight, bias), HALF);
  });
});

describe('matmul', () => {
  test.each([
    [[5, 7], [7, 3], false, false],
    [[7, 5], [7, 3], true, false],
    [[66, 300], [70, 300], false, true],
    [[300, 66], [70, 300], true, true],
    [[2, 3, 4, 5], [5, 6], false, false],
    [[3, 4, 5], [2, 1, 5, 6], false, false],
    [[2, 1, 5, 4], [1, 3, 6, 5], true, true],
    [[0, 4, 5], [5, 6], false, false],
    [[4, 0], [0, 6], false, false],
  ])('%j · %j, transposed %s, %s', async (a, b, transposeA, transposeB) => {
    const build: Build = (builder, x, y) => builder.matmul(x, y, { transposeA, transposeB });
    await check([random(a, 1), random(b, 2)], build, 1e-5);
    await check([random(a, 1, 'f16'), random(b, 2, 'f16')], build, 2 * HALF);
  });
});

describe('element by element', () => {
  test.each([
    [
      [4, 5],
      [4, 5],
    ],
    [[4, 5], [5]],
    [
      [4, 1],
      [3, 1, 5],
    ],
    [[], [2, 3]],
    [[], []],
    [[0, 3], [1]],
    [
      [1, 300],
      [400, 1],
    ],
    [
      [2, 1, 70_000],
      [2, 1],
    ],
  ])('ops of two operands, %j and %j', async (a, b) => {
    for (const dtype of ['f32', 'f16'] as const) {
      const inputs = [random(a, 1, dtype), random(b, 2, dtype)];
      for (const op of BINARY_OPS) await check(inputs, (builder, x, y) => builder[op](x, y), HALF);
    }
  });

  test('functions, also of what is not finite', async () => {
    const x = f32([9], [-Infinity, -30, -3, -1e-20, 0, 0.7, 3, Infinity, NaN]);
    for (const op of UNARY_OPS) await check([x], (builder, value) => builder[op](value));
    await check([x], (builder, value) => builder.gelu(value, { approximate: 'tanh' }));
    await check([random([3, 3], 1, 'f16')], (builder, value) => builder.gelu(value), HALF);
    await check([random([70_000], 1)], (builder, value) => builder.gelu(value));
  });
});

describe('normalised slices', () => {
  test('layerNorm with and without weight and bias', async () => {
    const inputs = [random([3, 5, 33], 1), random([33], 2), random([33], 3)];
    await check(
      inputs,
      (builder, x, weight, bias) => builder.layerNorm(x, { weight, bias, eps: 1e-5 }),
      1e-5,
    );
    await check(inputs, (builder, x) => builder.layerNorm(x, { eps: 1e-12 }), 1e-5);
    await check([random([9, 1], 1)], (builder, x) => builder.layerNorm(x, { eps: 1e-5 }));
    await check([random([9, 0], 1)], (builder, x) => builder.layerNorm(x, { eps: 1e-5 }));
  });

  test.each([0, 1, 2])('softmax over axis %i', async (axis) => {
    await check([random([4, 5, 6], 1)], (builder, x) => builder.softmax(x, axis));
    await check([random([4, 5, 6], 1, 'f16')], (builder, x) => builder.softmax(x, axis), HALF);
    await check([random([3, 0, 3], 1)], (builder, x) => builder.softmax(x, axis));
  });

  test('softmax of −∞, ∞ and NaN', async () => {
    const rows = [
      [-Infinity, -Infinity, -Infinity],
      [-Infinity, 0, -Infinity],
      [Infinity, 0, 1],
      [NaN, -Infinity, -Infinity],
      [1000, -1000, 999],
    ];
    await check([f32([5, 3], rows.flat())], (builder, x) => builder.softmax(x));
  });
});

describe('moving elements', () => {
  test('embedding', async () => {
    for (const dtype of ['f32', 'f16'] as const) {
      await check([i32([2, 3], [0, 4, 2, 2, 1, 0]), random([5, 7], 1, dtype)], (builder, ids, table) =>
        builder.embedding(ids, table),
      );
    }
  });

  test.each([0, 1, -1])('gather along axis %i', async (axis) => {
    await check([random([4, 5, 6], 1), i32([3], [3, 0, 3])], (builder, x, indices) =>
      builder.gather(x, indices, axis),
    );
    await check(
      [
        i32(
          [4, 4],
          Array.from({ length: 16 }, (_, i) => -i),
        ),
        i32([0], []),
      ],
      (builder, x, indices) => builder.gather(x, indices, axis),
    );
  });

  test('an index out of range is an error', async () => {
    const inputs = [i32([1], [5]), random([5, 2], 1)];
    await expect(check(inputs, (builder, ids, table) => builder.embedding(ids, table))).rejects.toMatchObject(
      {
        code: 'INVALID_ARGUMENT',
      },
    );
  });

  test.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 0, 2]], [[1, 2, 0]]])('transpose to %j', async (permutation) => {
    await check([random([3, 4, 5], 1)], (builder, x) => builder.transpose(x, permutation));
    await check([random([3, 0, 5], 1, 'f16')], (builder, x) => builder.transpose(x, permutation));
    await check([random([300, 301, 2], 1)], (builder, x) => builder.transpose(x, permutation));
  });

  test('slice', async () => {
    await check([random([4, 5, 6], 1)], (builder, x) => builder.slice(x, [1, 0, 2], [3, 5, 4]));
    await check([random([4, 5], 1, 'f16')], (builder, x) => builder.slice(x, [1, 2], [1, 5]));
    await check([random([], 1)], (builder, x) => builder.slice(x, [], []));
    await check([random([], 1)], (builder, x) => builder.transpose(x, []));
  });

  test.each([0, 1, 2])('concat along axis %i', async (axis) => {
    const shape = [2, 3, 4].with(axis, 5);
    const inputs = [random([2, 3, 4], 1), random(shape, 2), random([2, 3, 4].with(axis, 0), 3)];
    await check(inputs, (builder, ...values) => builder.concat(values, axis));
  });

  test('reshape', async () => {
    await check([random([4, 6], 1)], (builder, x) => builder.relu(builder.reshape(x, [3, -1])));
  });
});

test('there is a kernel for every op', () => {
  const backend = cpu();
  for (const op of OP_NAMES) {
    const builder = new GraphBuilder();
    const graph = builder.build({ out: builder.relu(builder.input('x', { dtype: 'f32', shape: [1] })) });
    expect(backend.supports({ ...graph.nodes[0], op } as (typeof graph.nodes)[0], graph)).toBe(true);
  }
});
