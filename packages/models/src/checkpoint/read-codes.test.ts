// Large tensors are quantised a few rows at a time, whatever the source.
import { f32, quantizeMatrix, tensor, type Tensor } from '@attn/core';
import { float32ToHalf } from '@attn/core/backend';
import { expect, test } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { memoryCheckpoint } from './memory.ts';
import { quantizeTensor } from './read-codes.ts';

const [ROWS, LENGTH] = [1_300, 4_000];
const numbers = Float32Array.from({ length: ROWS * LENGTH }, (_, i) => Math.sin(i * 12.9898) * ((i % 7) + 1));
const whole = memoryCheckpoint({}, new Map([['x', f32([ROWS, LENGTH], numbers)]]));

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
  expect(await quantizeTensor(parts, 'x', form, {})).toEqual(expected);
  expect(reads.length).toBeGreaterThan(1);
  expect(Math.max(...reads)).toBeLessThanOrEqual(32 * 2 ** 20);
  expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(ROWS * LENGTH * 4);
  expect(await quantizeTensor(whole, 'x', form, {})).toEqual(expected);
});

test('half precision is widened by parts', async () => {
  const half = tensor('f16', [ROWS, LENGTH], float32ToHalf(numbers));
  const { codes } = await quantizeTensor(inRows([], half), 'x', 'q8', {});
  expect(codes).toEqual(quantizeMatrix(half, { bits: 8 }).codes);
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
