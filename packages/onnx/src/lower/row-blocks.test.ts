// Feed-forward layers as scans over blocks of rows, and large weights in pieces.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { f32, GraphBuilder, i32, type Graph, type Tensor } from '@attn/core';
import { lazyTensor, PlanCache } from '@attn/core/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onnx } from '../node.ts';
import { lowerGraph } from './lower.ts';

function numbers(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => ((i * 7 + seed) % 23) / 23 - 0.5);
}

const [WIDTH, INNER] = [4, 1024];

/** norm(x + output(gate · inner)), of x [2, rows / 2, width]. */
function layer(rows: number): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2, rows / 2, WIDTH] });
  const dense = (from: ReturnType<typeof builder.relu>, width: number, seed: number) => {
    const shape = [width, from.shape[from.shape.length - 1]];
    const weight = builder.constant(f32(shape, numbers(shape[0] * shape[1], seed)));
    return builder.linear(from, weight, builder.constant(f32([width], numbers(width, seed))));
  };
  const inner = builder.mul(builder.silu(dense(x, INNER, 1)), dense(x, INNER, 2));
  const sum = builder.add(x, dense(inner, WIDTH, 3));
  return builder.build({ y: builder.layerNorm(sum, { eps: 1e-5 }) });
}

function operatorsOf(graph: Graph, savesMemory: boolean): (string | null | undefined)[] {
  return lowerGraph(graph, new PlanCache(), { savesMemory }).model.main.nodes.map(({ opType }) => opType);
}

test.each([
  ['of one size', 9_000],
  ['filled up with zeros', 2 * 4_507],
])('blocks %s give the rows of the whole', async (_, rows) => {
  const graph = layer(rows);
  expect(operatorsOf(graph, true)).toContain('Scan');
  expect(operatorsOf(graph, true)).not.toContain('Gemm');
  expect(operatorsOf(graph, false)).not.toContain('Scan');
  const backend = onnx({ threads: 1 });
  const x = f32([2, rows / 2, WIDTH], numbers(rows * WIDTH, 5));
  const run = async (of: Graph, input: Tensor): Promise<ArrayLike<number>> => {
    const executable = await backend.compile(of);
    const { y } = await executable.run({ x: input });
    return y.data;
  };
  const whole = await run(graph, x);
  // A few rows are computed at once.
  for (const first of [0, rows / 2 - 2, rows - 6]) {
    const few = x.data.slice(first * WIDTH, (first + 6) * WIDTH);
    const expected = await run(layer(6), f32([2, 3, WIDTH], few));
    for (let i = 0; i < 6 * WIDTH; i++) expect(whole[first * WIDTH + i]).toBeCloseTo(expected[i], 4);
  }
  await backend.dispose();
});

const [WORDS, WORD_WIDTH] = [4_500, 2_048];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-pieces-'));
  await writeFile(join(folder, 'words.bin'), numbers(WORDS * WORD_WIDTH, 1));
});
afterAll(() => rm(folder, { recursive: true }));

test('words that are a table and a weight are mapped once for rows, and in pieces for the product', async () => {
  const builder = new GraphBuilder();
  const byteLength = 4 * WORDS * WORD_WIDTH;
  const file = { folder, name: 'words.bin', byteOffset: 0, byteLength, verify: () => {} };
  const read = (): Float32Array => expect.unreachable('nobody reads it here');
  const table = lazyTensor({ dtype: 'f32', shape: [WORDS, WORD_WIDTH] }, read, file);
  const words = builder.constant(table, 'words');
  const bias = builder.constant(f32([WORDS], numbers(WORDS, 2)));
  const row = builder.embedding(builder.input('id', { dtype: 'i32', shape: [1] }), words);
  const graph = builder.build({ row, y: builder.linear(row, words, bias) });

  expect(operatorsOf(graph, false).filter((op) => op === 'Gemm')).toHaveLength(1);
  const { model } = lowerGraph(graph, new PlanCache(), { savesMemory: true });
  const sizes = [...model.initializers.values()].map(({ byteLength: bytes }) => bytes);
  const large = sizes.filter((bytes) => bytes > 2 ** 20);
  expect(large.filter((bytes) => bytes === byteLength)).toHaveLength(1);
  const pieces = large.filter((bytes) => bytes < byteLength);
  expect(pieces).toHaveLength(3);
  expect(pieces.reduce((sum, bytes) => sum + bytes, 0)).toBe(byteLength);

  const backend = onnx({ threads: 1 });
  const executable = await backend.compile(graph);
  const results = await executable.run({ id: i32([1], [4_321]) });
  const [all, biases] = [numbers(WORDS * WORD_WIDTH, 1), numbers(WORDS, 2)];
  const vector = all.slice(4_321 * WORD_WIDTH, 4_322 * WORD_WIDTH);
  expect(results.row.data).toEqual(vector);
  for (const word of [0, 2_047, 2_048, 4_321, WORDS - 1]) {
    const own = all.subarray(word * WORD_WIDTH, (word + 1) * WORD_WIDTH);
    const expected = own.reduce((sum, value, i) => sum + value * vector[i], biases[word]);
    expect(results.y.data[word]).toBeCloseTo(expected, 2);
  }
  await backend.dispose();
});
