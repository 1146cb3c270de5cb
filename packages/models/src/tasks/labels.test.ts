// Labels of classifiers, and their scores of the logits of the original.
import { describe, expect, test } from 'vitest';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { applyFunction, labelsOf, scoreFunctionOf } from './labels.ts';

const CLASSIFIERS = goldenCases('classic', 'bert').filter(
  ({ id, config }) =>
    String(config.architecture).endsWith('ForSequenceClassification') && id !== 'bert_regression',
);

describe.each(CLASSIFIERS)('$id', (golden) => {
  test('scores of the logits', async () => {
    const { tensors, checkpoint, atol } = await goldenOfCase(golden);
    const { shape, data } = tensors.get('out.logits') ?? expect.fail('no logits');
    const expected = tensors.get('out.scores') ?? expect.fail('no scores');
    const [rows, count] = shape;
    const name = scoreFunctionOf(checkpoint.config, count);
    for (let row = 0; row < rows; row++) {
      const logits = Array.from({ length: count }, (_, i) => Number(data[row * count + i]));
      for (const [i, score] of applyFunction(logits, name).entries())
        expect(Math.abs(score - Number(expected.data[row * count + i]))).toBeLessThan(atol);
    }
  });
});

test('what problem_type and the number of labels decide', () => {
  const single = { problem_type: 'single_label_classification' };
  const several = { problem_type: 'multi_label_classification' };
  expect(scoreFunctionOf({}, 2)).toBe('softmax');
  expect(scoreFunctionOf({}, 1)).toBe('sigmoid');
  expect(scoreFunctionOf(single, 2)).toBe('softmax');
  expect(scoreFunctionOf(single, 1)).toBe('sigmoid');
  expect(scoreFunctionOf(several, 2)).toBe('sigmoid');
  expect(scoreFunctionOf({ problem_type: 'regression' }, 1)).toBe('none');
  expect([...applyFunction([1000, -1000], 'softmax')]).toEqual([1, 0]);
  expect([...applyFunction([0, -1000], 'sigmoid')]).toEqual([0.5, 0]);
  expect(() => scoreFunctionOf({ problem_type: 'ranking' }, 2)).toThrow(
    'config.json: problem_type must be one of regression, multi_label_classification, single_label_classification, got "ranking"',
  );
});

test('names of labels', () => {
  expect(labelsOf({ id2label: { 0: 'calm', 2: 'storm' } }, 3)).toEqual(['calm', 'LABEL_1', 'storm']);
  expect(() => labelsOf({ id2label: { 0: 7 } }, 1)).toThrow('config.json: id2label[0] must be a text, got 7');
  expect(() => labelsOf({ id2label: 'calm' }, 1)).toThrow(
    'config.json: id2label must be an object, got "calm"',
  );
});
