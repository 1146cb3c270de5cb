/** Logarithms of probabilities. */
import { AttnError } from '@attn/core';

/**
 * Writes log(softmax(logits)) into `result`, rounded to f32; sums are in f64. NaN counts as -Infinity. Of
 * infinite logits each has an equal part. Errors: `RUN_FAILED` where no logit is a number.
 */
export function logSoftmax(logits: Float32Array, result: Float32Array): void {
  const most = greatest(logits);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const below = belowOf(logits[i], most);
    if (below > -Infinity) sum += Math.exp(below);
  }
  logProbabilities(logits, most, sum, result);
}

/**
 * Writes the log probabilities of some logits into `result`, rounded to f32. Of all logits of the row, `most`
 * is the greatest, and `sum` the sum of exp(logit − most).
 */
export function logProbabilities(
  logits: Float32Array,
  most: number,
  sum: number,
  result: Float32Array,
): void {
  const log = Math.log(sum);
  for (let i = 0; i < logits.length; i++) result[i] = belowOf(logits[i], most) - log;
}

/** The greatest number of a row. Errors: `RUN_FAILED` where there is none. */
export function greatest(logits: Float32Array): number {
  return logits[likeliest(logits)];
}

/** The place of the greatest number, the first of equal ones; NaN is none. Errors: `RUN_FAILED`. */
export function likeliest(logits: Float32Array): number {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isNaN(logits[id]) && (best < 0 || logits[id] > logits[best])) best = id;
  }
  if (best >= 0) return best;
  const message = `the model must give a logit that is a number, got ${logits.length} NaN`;
  throw new AttnError('RUN_FAILED', 'models/generate', message);
}

/** How far a logit is below the greatest. Infinite ones of equal sign are equal; NaN is -Infinity. */
export function belowOf(logit: number, most: number): number {
  if (logit === most) return 0;
  return Number.isNaN(logit) ? -Infinity : logit - most;
}
