/**
 * Sampled rows are compared like whole outputs: wrong values are
 * noticed, and values that were never written too.
 */
import { causal, f32, full, type Tensors } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { attentionCases } from './cases/attention/attention-case.ts';
import { evaluateRounded, referenceBackend } from './reference-backend.ts';
import { greatestRowError, sampleRows } from './rows.ts';
import { runCase } from './runner.ts';

const [sampled] = attentionCases('Some rows of a small call.', [{ pattern: causal(), n: 70, rows: 8 }]);

/** The reference with one element of an output changed. */
const spoiling = (name: 'out' | 'lse', at: number, value: number) =>
  referenceBackend((graph, inputs) => {
    const outputs: Tensors = evaluateRounded(graph, inputs);
    outputs[name].data[at] = value;
    return outputs;
  });

describe('a case with sampled rows', () => {
  test('says so in its id, and passes on the reference', async () => {
    expect(sampled.id).toBe('attn:attention:causal;n=70;rows=8');
    expect(await runCase(referenceBackend(), sampled)).toEqual({ id: sampled.id, status: 'passed' });
  });

  test('finds a wrong row, and names it', async () => {
    // Row 69 of head 1 is the last of the sample.
    const wrong = await runCase(spoiling('out', (70 + 69) * 8 + 3, 5), sampled);
    expect(wrong).toMatchObject({ message: expect.stringContaining('head 1, query 69') });
    expect(wrong).toMatchObject({ message: expect.stringContaining('worst at [7, 3]') });
    const lse = await runCase(spoiling('lse', 0, 5), sampled);
    expect(lse).toMatchObject({ message: expect.stringContaining('head 0, query 0') });
  });

  test('finds NaN in rows that are not compared', async () => {
    const unwritten = await runCase(spoiling('out', 8, NaN), sampled);
    expect(unwritten).toMatchObject({ message: expect.stringContaining('out: element 8 of 1120 is NaN') });
  });

  test('says what kind of output was expected', async () => {
    const short = referenceBackend(() => ({ out: f32([1], [1]) }));
    expect(await runCase(short, sampled)).toMatchObject({
      message: expect.stringContaining('out: expected f32 [1, 2, 70, 8], got f32 [1]'),
    });
  });
});

test('the sample has the first row, the last, and every head', () => {
  expect(sampleRows(3, 2, 9)).toEqual([
    { batch: 0, head: 0, row: 0 },
    { batch: 0, head: 1, row: 4 },
    { batch: 0, head: 0, row: 8 },
  ]);
  expect(sampleRows(1, 2, 9)).toEqual([{ batch: 0, head: 0, row: 0 }]);
});

test('the greatest error is of the rows asked for, and NaN is one', () => {
  const q = f32([1, 1, 2, 1], [0, 0]);
  const inputs = { q, k: q, v: f32([1, 1, 2, 1], [1, 3]) };
  const error = (...out: number[]) =>
    greatestRowError(inputs, { pattern: full() }, f32([1, 1, 2, 1], out), sampleRows(2, 1, 2));
  expect(error(2, 2)).toBe(0);
  expect(error(2, 2.5)).toBe(0.5);
  expect(error(NaN, 2)).toBeNaN();
});
