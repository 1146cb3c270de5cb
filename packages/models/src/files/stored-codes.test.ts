// Headers and tensors of quantised matrices that break the rules give one sentence each.
import { f32, quantizeMatrix, tensor, type Tensor } from '@attn/core';
import { CodeReader } from '@attn/core/backend';
import { serializeSafetensors } from '@attn/safetensors';
import { describe, expect, test } from 'vitest';
import type { FileStore } from './file-store.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { openTensors } from './tensor-file.ts';

const numbers = Float32Array.from({ length: 3 * 40 }, (_, i) => Math.sin(i));
const matrix = quantizeMatrix(f32([3, 40], numbers), { bits: 4, block: 32, zeroPoints: true });
const bias = f32([3], [1, 2, 3]);

const right: Readonly<Record<string, Tensor>> = {
  'a.weight.codes': matrix.codes,
  'a.weight.scales': matrix.scales,
  'a.weight.zero_points': matrix.zeroPoints ?? expect.fail('no zero points'),
  'a.bias': bias,
};
const entry = { bits: 4, block: 32, shape: [3, 40] };
const header = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify({ version: 1, tensors: { 'a.weight': value } });

/** Files with these weights. */
function storeOf(tensors: Readonly<Record<string, Tensor>>, quantization: string): FileStore {
  const bytes = serializeSafetensors(tensors, { format: 'pt', attn_quantization: quantization });
  const files = new Map([
    ['config.json', new TextEncoder().encode('{}')],
    ['model.safetensors', bytes],
  ]);
  return filesStore(files);
}

function filesStore(files: ReadonlyMap<string, Uint8Array>): FileStore {
  return {
    name: 'test',
    has: async (file) => files.has(file),
    bytes: async (file) => files.get(file),
    tensors: async (file) => {
      const bytes = files.get(file) ?? new Uint8Array(0);
      const read = async (from: number, length: number): Promise<Uint8Array> =>
        bytes.slice(from, from + length);
      return openTensors(file, { size: bytes.length, read });
    },
  };
}

test('a matrix has its own name, its numbers and its codes', async () => {
  await using checkpoint = await openCheckpoint(storeOf(right, header(entry)));
  expect(checkpoint.names).toEqual(['a.weight', 'a.bias']);
  expect(checkpoint.has('a.weight')).toBe(true);
  expect(checkpoint.has('a.weight.codes')).toBe(false);
  expect(checkpoint.spec('a.weight')).toEqual({
    shape: [3, 40],
    byteLength: 3 * 2 * (16 + 4) + 3,
    file: 'model.safetensors',
  });
  expect(checkpoint.quantized?.('a.bias')).toBeUndefined();
  expect(await checkpoint.quantized?.('a.weight')?.read()).toEqual(matrix);
  const out = new Float32Array(3 * 40);
  const { codes, scales, zeroPoints } = matrix;
  const reader = new CodeReader(
    { codes: codes.data, scales: scales.data, zeroPoints: zeroPoints?.data },
    40,
    matrix,
  );
  for (let row = 0; row < 3; row++) reader.numbers(row, out.subarray(row * 40, (row + 1) * 40));
  expect(await checkpoint.tensor('a.weight')).toEqual(f32([3, 40], out));
  expect((await checkpoint.lazyTensor?.('a.weight'))?.data).toEqual(out);
  expect(await checkpoint.tensor('a.bias')).toEqual(bias);
  expect(await checkpoint.rows?.('a.bias', 1, 2)).toEqual(f32([1], [2]));
  expect(await checkpoint.bytes?.('a.weight')).toBeUndefined();
});

test('shards have headers of their own', async () => {
  const shard = (tensors: Readonly<Record<string, Tensor>>, name: string): Uint8Array =>
    serializeSafetensors(tensors, {
      attn_quantization: JSON.stringify({ version: 1, tensors: { [name]: entry } }),
    });
  const { 'a.bias': _, ...parts } = right;
  const renamed = Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name.replace('a.', 'b.'), part]),
  );
  const shards = new Map([
    ['1.safetensors', shard(right, 'a.weight')],
    ['2.safetensors', shard(renamed, 'b.weight')],
  ]);
  const map = [
    ...Object.keys(right).map((name) => [name, '1.safetensors']),
    ...Object.keys(renamed).map((name) => [name, '2.safetensors']),
  ];
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const files = new Map<string, Uint8Array>([
    ...shards,
    ['config.json', json({})],
    ['model.safetensors.index.json', json({ weight_map: Object.fromEntries(map) })],
  ]);
  await using checkpoint = await openCheckpoint(filesStore(files));
  expect(checkpoint.names).toEqual(['a.weight', 'a.bias', 'b.weight']);
  expect(await checkpoint.quantized?.('b.weight')?.read()).toEqual(matrix);
  expect(await checkpoint.tensor('b.weight')).toEqual(await checkpoint.tensor('a.weight'));
});

const without = (name: string): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(Object.entries(right).filter(([own]) => own !== name));
const bytesOf = (...shape: number[]): Tensor =>
  tensor('u8', shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)));

describe('refused', () => {
  test.each<[string, unknown, Readonly<Record<string, Tensor>>, string]>([
    ['no JSON', '{', right, 'attn_quantization is not valid JSON'],
    ['no object', '[]', right, 'attn_quantization must be a JSON object'],
    ['no version', '{}', right, 'must have the version 1, which is all that is known, got undefined'],
    ['a later version', '{"version":2}', right, 'must have the version 1, which is all that is known, got 2'],
    ['no tensors', '{"version":1}', right, 'must have an object tensors, got undefined'],
    ['tensors in a list', '{"version":1,"tensors":[]}', right, 'must have an object tensors, got []'],
    ['no format', null, right, 'attn_quantization of "a.weight" must be { bits: 8 or 4,'],
    ['other bits', { ...entry, bits: 3 }, right, 'must be { bits: 8 or 4,'],
    ['a block of nothing', { ...entry, block: 0 }, right, 'must be { bits: 8 or 4,'],
    ['an odd block of 4 bits', { ...entry, block: 33 }, right, 'must be { bits: 8 or 4,'],
    ['a vector', { ...entry, shape: [40] }, right, 'must be { bits: 8 or 4,'],
    ['rows that are no number', { ...entry, shape: ['3', 40] }, right, 'must be { bits: 8 or 4,'],
    ['fewer than no rows', { ...entry, shape: [-3, 40] }, right, 'must be { bits: 8 or 4,'],
    [
      'more rows than there are',
      { ...entry, shape: [2 ** 40, 40] },
      right,
      '"a.weight.codes" must be U8 of the shape [1099511627776, 2, 16], as attn_quantization says, got U8 of the shape [3, 2, 16]',
    ],
    [
      'other bits than there are',
      { ...entry, bits: 8 },
      right,
      '"a.weight.codes" must be U8 of the shape [3, 2, 32]',
    ],
    ['no codes', entry, without('a.weight.codes'), 'there is no tensor "a.weight.codes"'],
    ['no scales', entry, without('a.weight.scales'), 'there is no tensor "a.weight.scales"'],
    [
      'codes of another size',
      entry,
      { ...right, 'a.weight.codes': bytesOf(3, 2, 15) },
      '"a.weight.codes" must be U8 of the shape [3, 2, 16], as attn_quantization says, got U8 of the shape [3, 2, 15]',
    ],
    [
      'codes that are numbers',
      entry,
      { ...right, 'a.weight.codes': f32([3, 2, 16], new Float32Array(96)) },
      'must be U8 of the shape [3, 2, 16], as attn_quantization says, got F32',
    ],
    [
      'scales that are bytes',
      entry,
      { ...right, 'a.weight.scales': bytesOf(3, 2) },
      'must be F32 of the shape [3, 2]',
    ],
    [
      'zero points of another size',
      entry,
      { ...right, 'a.weight.zero_points': bytesOf(3, 2) },
      'must be U8 of the shape [3, 1]',
    ],
    [
      'numbers beside codes',
      entry,
      { ...right, 'a.weight': bias },
      '"a.weight" is there as codes and as numbers',
    ],
  ])('%s', async (_title, format, tensors, message) => {
    await expect(openCheckpoint(storeOf(tensors, header(format)))).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(message),
    });
  });

  test.each([NaN, Infinity, -Infinity])('a scale that is %d', async (scale) => {
    const scales = f32([3, 2], [1, 2, 3, scale, 5, 6]);
    await using checkpoint = await openCheckpoint(
      storeOf({ ...right, 'a.weight.scales': scales }, header(entry)),
    );
    await expect(checkpoint.tensor('a.weight')).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringContaining(`"a.weight.scales" of test must hold finite numbers, got ${scale}`),
    });
  });
});
