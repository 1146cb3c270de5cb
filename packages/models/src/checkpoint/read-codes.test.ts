// Large tensors are quantised a few rows at a time, whatever the source.
import { createHash } from 'node:crypto';
import { f32, quantizeMatrix, tensor, type Tensor } from '@attn/core';
import { float32ToHalf } from '@attn/core/backend';
import { expect, test } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { memoryCheckpoint } from './memory.ts';
import { quantizeTensor } from './read-codes.ts';

const [ROWS, LENGTH] = [1_300, 4_000];
const numbers = new Float32Array(ROWS * LENGTH).map((_, i) => Math.sin(i * 12.9898) * ((i % 7) + 1));
const whole = memoryCheckpoint({}, new Map([['x', f32([ROWS, LENGTH], numbers)]]));

/** A matrix with a hash in place of its numbers: `toEqual` takes seconds for millions. */
function hashed(matrix: object): object {
  const hash = (data: Tensor['data']): string => createHash('sha256').update(data).digest('hex');
  return Object.fromEntries(
    Object.entries(matrix).map(([name, value]: [string, unknown]) => [
      name,
      isTensor(value) ? { ...value, data: hash(value.data) } : value,
    ]),
  );
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'data' in value;
}

/** A checkpoint of the same tensor that only gives rows, and notes how many bytes of them at once. */
function inRows(reads: number[], stored: Tensor): Checkpoint {
  return {
    ...whole,
    tensor: () => expect.fail('the tensor is read whole'),
    rows: async (_name, from, to) => {
      reads.push((to - from) * LENGTH * 4);
      return { ...stored, shape: [to - from, LENGTH], data: stored.data.slice(from * LENGTH, to * LENGTH) };
    },
  };
}

test.each(['q8', 'q4'] as const)('%s: parts of at most 32 MB make the codes of the whole', async (form) => {
  const expected = quantizeMatrix(
    f32([ROWS, LENGTH], numbers),
    form === 'q8' ? { bits: 8 } : { bits: 4, block: 32, zeroPoints: true },
  );
  const reads: number[] = [];
  const parts = inRows(reads, f32([ROWS, LENGTH], numbers));
  expect(hashed(await quantizeTensor(parts, 'x', form, {}))).toEqual(hashed(expected));
  expect(reads.length).toBeGreaterThan(1);
  expect(Math.max(...reads)).toBeLessThanOrEqual(32 * 2 ** 20);
  expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(ROWS * LENGTH * 4);
  expect(hashed(await quantizeTensor(whole, 'x', form, {}))).toEqual(hashed(expected));
});

test('half precision is widened by parts', async () => {
  const half = tensor('f16', [ROWS, LENGTH], float32ToHalf(numbers));
  const { codes } = await quantizeTensor(inRows([], half), 'x', 'q8', {});
  expect(hashed({ codes })).toEqual(hashed({ codes: quantizeMatrix(half, { bits: 8 }).codes }));
});

test('an abort is noticed between parts', async () => {
  const stop = new AbortController();
  const reads: number[] = [];
  const parts = inRows(reads, f32([ROWS, LENGTH], numbers));
  const stopping = {
    ...parts,
    rows: (...args: [string, number, number]) => (stop.abort(), parts.rows?.(...args)),
  };
  const quantizing = quantizeTensor(stopping, 'x', 'q8', { signal: stop.signal });
  await expect(quantizing).rejects.toMatchObject({ code: 'ABORTED' });
  expect(reads).toHaveLength(1);
});
