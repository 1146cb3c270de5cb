// Scores of classifiers, of the logits of the original.
import { f32 } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { classScores } from './class-scores.ts';

const CLASSIFIERS = goldenCases('classic', 'bert').filter(
  ({ id, config }) =>
    String(config.architecture).endsWith('ForSequenceClassification') && id !== 'bert_regression',
);

describe.each(CLASSIFIERS)('$id', (golden) => {
  test('scores of the logits', async () => {
    const { tensors, checkpoint, atol } = await goldenOfCase(golden);
    const { shape, data } = tensors.get('out.logits') ?? expect.fail('no logits');
    const scores = classScores(f32(shape, Float32Array.from(data)), checkpoint.config);
    const expected = tensors.get('out.scores') ?? expect.fail('no scores');
    expect(scores.shape).toEqual(expected.shape);
    for (const [i, score] of scores.data.entries())
      expect(Math.abs(score - Number(expected.data[i]))).toBeLessThan(atol);
  });
});

test('what problem_type and the number of labels decide', () => {
  const logits = f32([2, 2], [0, 0, 1000, -1000]);
  expect([...classScores(logits, {}).data]).toEqual([0.5, 0.5, 1, 0]);
  const single = { problem_type: 'single_label_classification' };
  expect([...classScores(logits, single).data]).toEqual([0.5, 0.5, 1, 0]);
  const several = { problem_type: 'multi_label_classification' };
  expect([...classScores(f32([1, 2], [0, 1000]), several).data]).toEqual([0.5, 1]);
  expect([...classScores(f32([2, 1], [0, -1000]), single).data]).toEqual([0.5, 0]);
  expect([...classScores(logits, { problem_type: 'regression' }).data]).toEqual([...logits.data]);
  expect(() => classScores(logits, { problem_type: 'ranking' })).toThrow(
    'config.json: problem_type must be one of regression, multi_label_classification, single_label_classification, got "ranking"',
  );
});
