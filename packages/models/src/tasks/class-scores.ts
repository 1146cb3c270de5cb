/** From a classifier's logits to the scores that Hugging Face's text classification reports. */
import { f32, type JsonObject, type Tensor } from '@attn/core';
import { ConfigReader } from '../checkpoint/config-reader.ts';

/** Values of a config's `problem_type`. */
const PROBLEMS = ['regression', 'multi_label_classification', 'single_label_classification'] as const;

/**
 * Scores [..., labels] of logits [..., labels]. Classes that exclude each other have scores that sum to 1
 * (softmax); several labels that may all be true, or one alone, have a score from 0 to 1 each (sigmoid); a
 * regression's logits are its answers. Errors: `MALFORMED_FILE` for another `problem_type`.
 */
export function classScores({ shape, data }: Tensor<'f32'>, config: JsonObject): Tensor<'f32'> {
  const reader = new ConfigReader(config);
  const isGiven = reader.field('problem_type') !== undefined;
  const problem = isGiven ? reader.oneOf('problem_type', PROBLEMS) : undefined;
  const labels = shape[shape.length - 1];
  if (problem === 'regression') return f32(shape, data.slice());
  const scores = Float64Array.from(data);
  if (problem === 'multi_label_classification' || labels === 1) {
    return f32(
      shape,
      Float32Array.from(scores, (logit) => 1 / (1 + Math.exp(-logit))),
    );
  }
  for (let row = 0; row < scores.length; row += labels) softmaxInPlace(scores.subarray(row, row + labels));
  return f32(shape, Float32Array.from(scores));
}

function softmaxInPlace(row: Float64Array): void {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - most);
  for (let i = 0; i < row.length; i++) row[i] /= sum;
}
