// Weights that are not packed are in memory once, for any number of sessions.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { f32, GraphBuilder, tensor, type Graph } from '@attn/core';
import { lazyTensor, type Executable } from '@attn/core/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onnx } from '../node.ts';
import { inPlaceOptions, keepsWeightsInPlace } from './weights-in-place.ts';

const SIZE = 2048;
const byteLength = SIZE * SIZE * 4;
const valueAt = (row: number, column: number): number => ((row * 31 + column * 7) % 13) - 6;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-in-place-'));
  const weights = Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
    valueAt(Math.floor(i / SIZE), i % SIZE),
  );
  await writeFile(join(folder, 'weights.bin'), weights);
});
afterAll(() => rm(folder, { recursive: true }));

/** y = x·Wᵀ, W in the file. */
function graphOf(rows: number): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [rows, SIZE] });
  const file = { folder, name: 'weights.bin', byteOffset: 0, byteLength, verify: () => {} };
  const read = (): Float32Array => {
    throw new Error('nobody reads it here');
  };
  const weight = lazyTensor({ dtype: 'f32', shape: [SIZE, SIZE] }, read, file);
  return builder.build({ y: builder.linear(x, builder.constant(weight)) });
}

async function expectRight(executable: Executable, rows: number): Promise<void> {
  const [row, at] = [rows - 1, 17];
  const x = new Float32Array(rows * SIZE);
  x[row * SIZE + at] = 2;
  const { y } = await executable.run({ x: f32([rows, SIZE], x) });
  const last = Array.from(y.data.subarray(row * SIZE) as Float32Array);
  expect(last).toEqual(Array.from({ length: SIZE }, (_, i) => 2 * valueAt(i, at)));
}

/** How many sessions have mapped the file: each maps it for itself, and the system holds it once. */
async function countMaps(): Promise<number> {
  const maps = await readFile('/proc/self/maps', 'utf8');
  return maps.split('\n').filter((line) => line.endsWith(join(folder, 'weights.bin'))).length;
}

const readsRowsInPlace = process.arch === 'x64';

test('the first sessions pack weights, later ones of many rows and those of one leave them in their file', async () => {
  const backend = onnx({ threads: 1 });
  for (const [rows, isMapped] of [
    [64, false],
    [65, false],
    [32, true],
    [96, true],
    [3, false],
    [1, readsRowsInPlace],
  ] as const) {
    const before = process.platform === 'linux' ? await countMaps() : 0;
    const executable = await backend.compile(graphOf(rows));
    if (process.platform === 'linux') expect((await countMaps()) > before).toBe(isMapped);
    expect(Number(executable.heldBytes) >= byteLength).toBe(!isMapped);
    await expectRight(executable, rows);
  }
  await backend.dispose();
});

test('where copies are to be shared, the first session leaves weights in their file, but for a few rows', async () => {
  const backend = onnx({ threads: 1, weightsInPlace: true });
  for (const [rows, isMapped] of [
    [1, readsRowsInPlace],
    [64, true],
    [3, false],
  ] as const) {
    const executable = await backend.compile(graphOf(rows));
    expect(Number(executable.heldBytes) < byteLength).toBe(isMapped);
    await expectRight(executable, rows);
  }
  await backend.dispose();
});

test('products with codes are packed, however many rows they have', () => {
  const builder = new GraphBuilder();
  const codes = builder.constant(tensor('u8', [48, 1, 64], new Uint8Array(48 * 64)));
  const scales = builder.constant(f32([48, 1], new Float32Array(48)));
  const x = builder.input('x', { dtype: 'f32', shape: [128, 64] });
  const attributes = { bits: 8, block: 64, inputs: 'int8' } as const;
  const y = builder.quantizedLinear(x, { codes, scales }, undefined, attributes);
  const beside = { readsRowsInPlace: true, openSessions: 2, always: false };
  expect(keepsWeightsInPlace(builder.build({ y }), beside)).toBe(false);
  const rows = [1, 2, 31, 32];
  expect(rows.map((count) => keepsWeightsInPlace(graphOf(count), beside))).toEqual([
    true,
    false,
    false,
    true,
  ]);
  const elsewhere = { ...beside, readsRowsInPlace: false };
  expect(keepsWeightsInPlace(graphOf(1), elsewhere)).toBe(false);
});

test('options of the user win', () => {
  const extra = { session: { disable_prepacking: '0', intra_op: 'a' }, other: { b: 'c' } };
  expect(inPlaceOptions({ enableCpuMemArena: true, extra })).toEqual({
    enableCpuMemArena: true,
    enableMemPattern: false,
    extra,
  });
});
