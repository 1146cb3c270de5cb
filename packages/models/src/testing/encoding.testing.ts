/** A small Longformer that encodes texts of letters, and its states of single rows, for tests of `encode`. */
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, expect } from 'vitest';
import { Encoder } from '../loaded/encoder.ts';
import { longformerFamily, type Longformer } from '../longformer/index.ts';
import { openTokenizer } from '../tokenizer.ts';
import { readGolden } from './goldens.testing.ts';
import { letterId, letterTokenizer } from './tokenizer.testing.ts';

const encoded = new TextEncoder().encode(JSON.stringify(letterTokenizer()));
const store = {
  name: 'test',
  has: async () => true,
  bytes: async (file: string) => (file === 'tokenizer.json' ? encoded : undefined),
  tensors: () => Promise.reject(new Error('none')),
};

/** Set before the first test of a file that calls `useLongformer`. */
export let attn: Attn;
export let model: Longformer;
export let loaded: Encoder;

/** Loads the model before the tests of a file, and lets go of it after them. */
export function useLongformer(): void {
  beforeAll(async () => {
    attn = await createAttn({ backends: [cpu()] });
    model = await longformerFamily.load((await readGolden('longformer_no_global')).checkpoint);
    loaded = new Encoder(model, await openTokenizer(store), attn);
  });
  afterAll(async () => {
    loaded.dispose();
    await attn.dispose();
  });
}

/** States of one row by itself, without any padding: [tokens][hidden]. */
export async function alone(ids: readonly number[], globals?: Tensor): Promise<number[][]> {
  const inputIds: Tensor = { dtype: 'i32', shape: [1, ids.length], data: Int32Array.from(ids) };
  const { last_hidden_state: state } = await loaded.run({ inputIds, globalAttentionMask: globals });
  const width = state.shape[2];
  return ids.map((_, i) => Array.from(state.data.subarray(i * width, (i + 1) * width)));
}

/** The mean of rows. */
export const mean = (rows: readonly (readonly number[])[]): number[] =>
  rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);

/** The first rows of a matrix. */
export const rowsOf = ({ shape: [, width], data }: Tensor, count: number): number[][] =>
  Array.from({ length: count }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));

/** Expects numbers that are equal but for rounding. */
export const close = (a: readonly number[], b: readonly number[]): void => {
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(2e-5);
};

/** The ids of a text, with the special tokens around it. */
export const idsOf = (text: string): number[] => [0, ...[...text].map(letterId), 2];
