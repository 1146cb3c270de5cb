// Operands that are too large to be in the heap as a whole beside their packed form.
import { f32, GraphBuilder, i32, type Graph, type Tensor } from '@attn/core';
import { afterAll, expect, test } from 'vitest';
import { wasm } from '../index.ts';

const backend = wasm({ threads: 1 });
afterAll(() => backend.dispose());

function numbers(shape: readonly number[], seed: number): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, (_, i) => ((i * 7 + seed) % 23) / 23 - 0.5),
  );
}

/** Rows of the first axis. */
function rows({ shape, data }: Tensor, from: number, to: number): Tensor {
  const width = data.length / shape[0];
  return f32([to - from, ...shape.slice(1)], data.slice(from * width, to * width));
}

async function run(graph: Graph, inputs: Readonly<Record<string, Tensor>> = {}): Promise<Tensor> {
  const executable = await backend.compile(graph);
  const { y } = await executable.run(inputs);
  executable.dispose();
  return y;
}

test('a weight of several pieces gives the columns of its parts', async () => {
  const [columns, depth] = [4612, 1000]; // 18 MB
  const [x, weight] = [numbers([3, depth], 1), numbers([columns, depth], 2)];
  const productWith = (part: Tensor): Promise<Tensor> => {
    const builder = new GraphBuilder();
    const input = builder.input('x', { dtype: 'f32', shape: x.shape });
    return run(builder.build({ y: builder.linear(input, builder.constant(part)) }), { x });
  };
  const { data } = await productWith(weight);
  for (const [from, to] of [
    [0, 16],
    [2088, 2112],
    [4600, columns],
  ]) {
    const part = await productWith(rows(weight, from, to));
    for (let row = 0; row < 3; row++)
      expect(data.slice(row * columns + from, row * columns + to)).toEqual(
        part.data.slice(row * (to - from), (row + 1) * (to - from)),
      );
  }
});

test.each([true, false])(
  'a product with a right operand of several pieces, transposed: %s',
  async (transposeB) => {
    const [columns, depth] = [5001, 1024]; // 20 MB
    const [a, whole] = [numbers([2, 3, depth], 1), numbers([columns, depth], 2)];
    const productWith = (part: Tensor): Promise<Tensor> => {
      const builder = new GraphBuilder();
      const [left, right] = [a, part].map((tensor, i) =>
        builder.input('ab'[i], { dtype: 'f32', shape: tensor.shape }),
      );
      const operand = transposeB ? right : builder.transpose(right, [1, 0]);
      return run(builder.build({ y: builder.matmul(left, operand, { transposeB }) }), { a, b: part });
    };
    const { data } = await productWith(whole);
    for (const [from, to] of [
      [0, 8],
      [4090, 4106],
      [4998, columns],
    ]) {
      const part = await productWith(rows(whole, from, to));
      for (let row = 0; row < 6; row++)
        expect(data.slice(row * columns + from, row * columns + to)).toEqual(
          part.data.slice(row * (to - from), (row + 1) * (to - from)),
        );
    }
  },
);

test('rows of a table that is also a weight are read from its packed form', async () => {
  const [words, width] = [21, 5];
  const table = numbers([words, width], 3);
  const builder = new GraphBuilder();
  const constant = builder.constant(table);
  const ids = builder.input('ids', { dtype: 'i32', shape: [2, 4] });
  const vectors = builder.embedding(ids, constant);
  const graph = builder.build({ y: vectors, logits: builder.linear(vectors, constant) });
  const places = [0, 20, 7, 8, 16, 3, 19, 0];
  const y = await run(graph, { ids: i32([2, 4], places) });
  expect(y.shape).toEqual([2, 4, width]);
  expect([...y.data]).toEqual(places.flatMap((id) => [...rows(table, id, id + 1).data]));
});
