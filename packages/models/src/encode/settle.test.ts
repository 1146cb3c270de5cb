// Wrong inputs among others: which have an error, and what runs together.
import { AttnError } from '@attn/core';
import { expect, test } from 'vitest';
import { settleGroup } from './settle.ts';

const wrong = (message: string): AttnError => new AttnError('INVALID_ARGUMENT', 'test', message);

/** Doubles numbers. It reads no text, and runs no negative number. */
function doubling(runs: (readonly number[])[] = []) {
  return {
    read(input: unknown): number {
      if (typeof input === 'number') return input;
      throw wrong(`the input must be a number, got ${String(input)}`);
    },
    async run(inputs: readonly number[]): Promise<readonly number[]> {
      if (inputs.some((input) => input < 0)) throw wrong('refused');
      if (inputs.includes(13)) throw new AttnError('OUT_OF_MEMORY', 'test', 'no memory');
      runs.push(inputs);
      return inputs.map((input) => 2 * input);
    },
  };
}

test('each wrong input has its error, all others their answers, in order', async () => {
  const unread = wrong('not JSON');
  const runs: (readonly number[])[] = [];
  const settled = await settleGroup([1, 'a', 2, unread, -3, 4, 5], doubling(runs));
  expect(settled.map(({ input }) => input)).toEqual([1, 'a', 2, unread, -3, 4, 5]);
  expect(settled.map(({ answer, error }) => answer ?? error?.sentence)).toEqual([
    2,
    'the input must be a number, got a',
    4,
    'not JSON',
    'refused',
    8,
    10,
  ]);
  // The five numbers ran in as few parts as the refused one allows, and none of them twice.
  expect(runs).toEqual([
    [1, 2],
    [4, 5],
  ]);
});

test('without a wrong input all run together, and no input runs nothing', async () => {
  const runs: (readonly number[])[] = [];
  const settled = await settleGroup([1, 2, 3], doubling(runs));
  expect(settled.map(({ answer }) => answer)).toEqual([2, 4, 6]);
  expect(await settleGroup(['a'], doubling(runs))).toHaveLength(1);
  expect(runs).toEqual([[1, 2, 3]]);
});

test('what is no fault of an input ends the work', async () => {
  await expect(settleGroup([1, 13, 2], doubling())).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  const broken = { ...doubling(), read: () => expect.fail('a defect') };
  await expect(settleGroup([1], broken)).rejects.toThrow('a defect');
});
