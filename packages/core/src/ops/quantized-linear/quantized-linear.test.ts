import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { quantizedLinear, quantizedEmbedding } = ops;
const u8 = (shape: readonly number[]) => spec(shape, 'u8');
const inputs = { x: spec([2, 5]), codes: u8([3, 3, 2]), scales: spec([3, 3]) };
const pairs = { bits: 8, block: 2 } as const;

test('shapes', () => {
  expect(quantizedLinear.infer(inputs, pairs)).toEqual([spec([2, 3])]);
  expect(quantizedLinear.flops(inputs, pairs)).toBe(2 * 2 * 5 * 3);
  const four = { x: spec([5], 'f16'), codes: u8([3, 2, 2]), scales: spec([3, 2]), zeroPoints: u8([3, 1]) };
  expect(quantizedLinear.infer(four, { bits: 4, block: 4 })).toEqual([spec([3], 'f16')]);
});

test('each block has its scale, its zero point, and a last block that is filled up', () => {
  const x = reference([1, 5], [1, 2, 3, 4, 5]);
  const codes = reference([1, 3, 2], [129, 130, 127, 128, 131, 99]);
  const scales = reference([1, 3], [1, 10, 0.5]);
  // (1·1 + 2·2) · 1 + (3·−1 + 4·0) · 10 + (5·3) · 0.5
  expect(references.quantizedLinear({ x, codes, scales }, pairs)).toEqual([reference([1, 1], [-17.5])]);
  const zeroPoints = reference([1, 3], [129, 127, 130]);
  // (0 + 2·1) · 1 + (0 + 4·1) · 10 + (5·1) · 0.5
  expect(references.quantizedLinear({ x, codes, scales, zeroPoints }, pairs)).toEqual([
    reference([1, 1], [44.5]),
  ]);
});

test('codes of 4 bits: the low ones first', () => {
  const x = reference([1, 4], [1, 10, 100, 1000]);
  const codes = reference([1, 2, 1], [0x9a, 0x78]);
  const scales = reference([1, 2], [1, 2]);
  const four = { bits: 4, block: 2 } as const;
  expect(references.quantizedLinear({ x, codes, scales }, four)[0].data[0]).toBe(2 + 10 + 2 * (0 - 1000));
  const zeroPoints = reference([1, 1], [0x7a]);
  expect(references.quantizedLinear({ x, codes, scales, zeroPoints }, four)[0].data[0]).toBe(
    0 - 10 + 2 * (100 + 0),
  );
});

test('halves stand for themselves', () => {
  const x = reference([1, 2], [1, 10]);
  // 1 and −2 as f16 and as bf16.
  const of = (...bytes: number[]) => ({ x, codes: reference([1, 1, 4], bytes) });
  const half = { bits: 16, block: 2, float: 'f16' } as const;
  expect(references.quantizedLinear(of(0, 0x3c, 0, 0xc0), half)[0].data[0]).toBe(-19);
  const bfloat = { ...half, float: 'bf16' } as const;
  expect(references.quantizedLinear(of(0x80, 0x3f, 0, 0xc0), bfloat)[0].data[0]).toBe(-19);
  const table = { ids: reference([1], [0]), codes: reference([1, 1, 4], [0, 0x3c, 0, 0xc0]) };
  expect(references.quantizedEmbedding(table, { ...half, dim: 2 })).toEqual([reference([1, 2], [1, -2])]);
});

test('integers as inputs are exact', () => {
  const x = reference([2, 2], [1, 0.25, 0, 0]);
  const weight = { codes: reference([1, 1, 2], [130, 125]), scales: reference([1, 1], [0.5]) };
  const [out] = references.quantizedLinear({ x, ...weight }, { ...pairs, inputs: 'int12' });
  expect([...out.data]).toEqual([Math.fround(1 / 2047) * 0.5 * (2047 * 2 - 512 * 3), 0]);
});

test('a table', () => {
  const table = { codes: reference([2, 1, 2], [129, 7, 126, 128]), scales: reference([2, 1], [2, 3]) };
  const ids = reference([3], [1, 0, 1]);
  expect(references.quantizedEmbedding({ ids, ...table }, { ...pairs, dim: 1 })).toEqual([
    reference([3, 1], [-6, 2, -6]),
  ]);
  expect(
    quantizedEmbedding.infer(
      { ids: spec([4], 'u32'), codes: u8([9, 2, 2]), scales: spec([9, 2]) },
      { ...pairs, dim: 3 },
    ),
  ).toEqual([spec([4, 3])]);
});

test('says what does not fit halves', () => {
  const halves = { x: spec([2, 4]), codes: u8([3, 1, 8]) };
  const half = { bits: 16, block: 4, float: 'f16' } as const;
  expect(quantizedLinear.infer(halves, half)).toEqual([spec([2, 3])]);
  expectError(
    () => quantizedLinear.infer({ ...halves, scales: spec([3, 1]) }, half),
    'INVALID_ARGUMENT',
    'quantizedLinear: scales must be left out for codes of 16 bits',
  );
  expectError(
    () => quantizedLinear.infer({ ...halves, zeroPoints: u8([3, 2]) }, half),
    'INVALID_ARGUMENT',
    'quantizedLinear: zeroPoints must be left out for codes of 16 bits',
  );
  expectError(
    () => quantizedLinear.infer(halves, { ...half, inputs: 'int12' }),
    'INVALID_ARGUMENT',
    'quantizedLinear: inputs must be float for codes of 16 bits, got int12',
  );
  expectError(
    () => quantizedLinear.infer(halves, { bits: 16, block: 4 }),
    'INVALID_ARGUMENT',
    'quantizedLinear: float must be f16 or bf16 for codes of 16 bits, got undefined',
  );
  expectError(
    () => quantizedLinear.infer(inputs, { ...pairs, float: 'f16' }),
    'INVALID_ARGUMENT',
    'quantizedLinear: float must be left out for codes of 8 bits, got "f16"',
  );
  expectError(
    () => quantizedLinear.infer({ x: inputs.x, codes: inputs.codes }, pairs),
    'MISSING_INPUT',
    'quantizedLinear: scales must be there for codes of 8 bits',
  );
});

test('says what does not fit', () => {
  expectError(
    () => quantizedLinear.infer({ ...inputs, codes: u8([3, 2, 2]) }, pairs),
    'INVALID_SHAPE',
    'quantizedLinear: codes must be [rows, blocks, bytes of a block] = [3, 3, 2], got [3, 2, 2]',
  );
  expectError(
    () => quantizedLinear.infer({ ...inputs, scales: spec([3, 3], 'f16') }, pairs),
    'INVALID_DTYPE',
    'quantizedLinear: scales must be f32, got f16',
  );
  expectError(
    () => quantizedLinear.infer(inputs, { bits: 4, block: 3 }),
    'INVALID_ARGUMENT',
    'quantizedLinear: block must be even for codes of 4 bits, got 3',
  );
  expectError(
    () =>
      references.quantizedEmbedding(
        {
          ids: reference([1], [2]),
          codes: reference([2, 1, 2], [1, 2, 3, 4]),
          scales: reference([2, 1], [1, 1]),
        },
        { ...pairs, dim: 2 },
      ),
    'INVALID_ARGUMENT',
    'quantizedEmbedding: ids must be in [0, 2), got 2 at position 0',
  );
});
