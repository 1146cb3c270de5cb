// Weights that cannot be mapped where they are go through a temporary file, and nothing of it stays.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttnError, f32, GraphBuilder, type Graph } from '@attn/core';
import { lazyTensor, type Executable } from '@attn/core/backend';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { onnx } from '../node.ts';

/** Enough of them that they go through a file. */
const ROWS = 4224;
const COLUMNS = 4096;

const valueAt = (row: number, column: number): number => ((row * 31 + column * 7) % 13) - 6;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-spill-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** What is there of ours: ONNX Runtime writes files of its own into the folder. */
const ourFiles = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('attn-'));

/** y = x·Wᵀ + b, W made at each call of `makeData`. */
function graphOf(makeData: () => Float32Array): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1, COLUMNS] });
  const weight = builder.constant(lazyTensor({ dtype: 'f32', shape: [ROWS, COLUMNS] }, makeData));
  const bias = builder.constant(f32([ROWS], new Float32Array(ROWS).fill(0.5)));
  return builder.build({ y: builder.linear(x, weight, bias) });
}

/** Fills a matrix by rows and columns: quickly, as there are 17 million elements. */
function filled<T extends Float32Array | Uint8Array>(
  matrix: T,
  at: (row: number, column: number) => number,
): T {
  for (let i = 0, row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) matrix[i++] = at(row, column);
  return matrix;
}

const weights = (): Float32Array => filled(new Float32Array(ROWS * COLUMNS), valueAt);

async function expectRight(executable: Executable): Promise<void> {
  const at = 17;
  const x = new Float32Array(COLUMNS);
  x[at] = 2;
  const { y } = await executable.run({ x: f32([1, COLUMNS], x) });
  expect(Array.from(y.data)).toEqual(Array.from({ length: ROWS }, (_, row) => 2 * valueAt(row, at) + 0.5));
}

test('the weights are read once, and the file is gone when the session is open', async () => {
  const makeData = vi.fn(weights);
  const executable = await onnx({ threads: 1 }).compile(graphOf(makeData));
  expect(makeData).toHaveBeenCalledTimes(1);
  expect(await ourFiles()).toEqual([]);
  await expectRight(executable);
  executable.dispose();
});

test.each(['float', 'int8'] as const)('codes go through the file, too: inputs %s', async (inputs) => {
  const columns = COLUMNS;
  const codeAt = (row: number, column: number): number => 128 + (((row * 31 + column * 7) % 200) - 100);
  const makeCodes = vi.fn(() => filled(new Uint8Array(ROWS * columns), codeAt));
  const builder = new GraphBuilder();
  const codes = builder.constant(lazyTensor({ dtype: 'u8', shape: [ROWS, 1, columns] }, makeCodes));
  const scales = builder.constant(f32([ROWS, 1], new Float32Array(ROWS).fill(0.5)));
  const x = builder.input('x', { dtype: 'f32', shape: [1, columns] });
  const attributes = { bits: 8, block: columns, inputs } as const;
  const graph = builder.build({ y: builder.quantizedLinear(x, { codes, scales }, undefined, attributes) });
  const executable = await onnx({ threads: 1 }).compile(graph);
  expect(makeCodes).toHaveBeenCalledTimes(1);
  expect(await ourFiles()).toEqual([]);
  const [at, row] = [3001, new Float32Array(columns)];
  row[at] = 127;
  const { y } = await executable.run({ x: f32([1, columns], row) });
  const expected = Array.from({ length: ROWS }, (_, i) => 127 * 0.5 * (codeAt(i, at) - 128));
  expect(Array.from(y.data)).toEqual(expected);
  // Numbers are made of codes where the file lies in memory; products of bytes have packed them.
  if (inputs === 'float' && process.platform === 'linux')
    expect(await readFile('/proc/self/maps', 'utf8')).toContain('attn-weights-');
  executable.dispose();
});

test('without room for a file they go through memory', async () => {
  vi.stubEnv('TMPDIR', join(folder, 'none'));
  const executable = await onnx({ threads: 1 }).compile(graphOf(weights));
  await expectRight(executable);
  executable.dispose();
});

test('a weight that cannot be read is the error of its file, and nothing stays', async () => {
  const error = new AttnError('MALFORMED_FILE', 'test', 'it has changed');
  const compiling = onnx({ threads: 1 }).compile(
    graphOf(() => {
      throw error;
    }),
  );
  await expect(compiling).rejects.toBe(error);
  expect(await ourFiles()).toEqual([]);
});
