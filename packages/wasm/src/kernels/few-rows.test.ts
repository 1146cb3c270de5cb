/** Products of few rows against the same rows among many, which another kernel multiplies in pieces. */
import { f32, GraphBuilder, type Backend } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';

const MANY = 12;

function random(shape: readonly number[], seed: number) {
  const next = mulberry32(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, () => next() / 2 ** 31 - 1),
  );
}

describe.each(['plain', 'relaxed'] as const)('with %s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(() => void (backend = wasm({ threads: 2, simd, offMainThread: false })));
  afterAll(() => backend.dispose());

  /** The first rows of x · Wᵀ + b, as bits. */
  async function product(rows: number, columns: number, depth: number): Promise<Int32Array> {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [rows, depth] });
    const [weight, bias] = [random([columns, depth], 1), random([columns], 2)].map((data) =>
      builder.constant(data),
    );
    const y = builder.linear(x, weight, bias, { activation: 'tanh' });
    const executable = await backend.compile(builder.build({ y }));
    const all = random([MANY, depth], 3);
    const outputs = await executable.run({ x: f32([rows, depth], all.data.slice(0, rows * depth)) });
    executable.dispose();
    return new Int32Array((outputs.y.data as Float32Array).buffer);
  }

  test.each([
    [1, 1],
    [8, 3],
    [9, 192],
    [24, 200],
    [77, 385],
    [300, 1000],
  ])('%i columns of depth %i have the same bits for any number of rows', async (columns, depth) => {
    const expected = await product(MANY, columns, depth);
    for (let rows = 1; rows <= 7; rows++)
      expect(await product(rows, columns, depth)).toEqual(expected.slice(0, rows * columns));
  });
});
