/**
 * Error bound of attention, row by row. Three things go wrong in float32:
 *
 * 1. A logit s = scale · q·k + … over D products is off by εⱼ ≤ γ_D · |scale| · Σ|q||k| + a few units of its
 *    other terms; a soft cap shrinks that and adds the error of tanh.
 * 2. exp(sⱼ − m) turns that into a relative error: the weight is off by a factor within e^{±δⱼ}, where δⱼ is
 *    εⱼ plus the error of exp, and of the rescaling that an online softmax does once per tile.
 * 3. The sums over K keys are off by γ_K · Σ p|v|.
 *
 * With p the exact weights and o the exact output, p̃ⱼ = pⱼ e^{dⱼ} / Σ p e^{d}, |dⱼ| ≤ δⱼ, and since Σ pⱼ (vⱼ
 * − o) = 0,
 *
 *     |õ − o| = |Σ pⱼ (e^{dⱼ} − 1)(vⱼ − o)| / Σ p e^{d}  ≤  Σ pⱼ (e^{δⱼ} − 1) |vⱼ − o| / Σ pⱼ e^{−δⱼ}.
 *
 * To first order that is Σ pⱼ δⱼ |vⱼ − o|, never more than the familiar |Δp| ≤ 2 · p · |Δlogit|, and much
 * less where one key takes all of the weight: a row with logits of ±10⁴ stays as tight as any other. What is
 * common to all keys cancels, so that the same holds with δⱼ + δₘ for δⱼ, and 0 for that of the greatest
 * logit m. That is what bounds rows whose logits are off by more than 1, but further apart. For the
 * log-sum-exp, |Δlse| ≤ log Σ p e^{δ}.
 */
import { attentionProblem, rowStrides, type AttentionAttributes } from '@attn/core/backend';
import type { NamedReferences } from '@attn/core/reference';
import { attentionPairs, type RowPairs } from './attention-pairs.ts';
import type { ErrorRule } from './rule.ts';
import { ELEMENTARY, expError, gamma, TINY, UNIT } from './rounding.ts';

/**
 * Keys between two rescalings of an online softmax; a smaller tile only rescales more often, by factors near
 * 1.
 */
const TILE_KEYS = 32;

export const attentionError: ErrorRule<'attention'> = (inputs, attributes, [out]) => {
  const problem = attentionProblem(inputs, attributes);
  const { batch, heads, queryLength, valueDim, layout, returnLse } = problem;
  const strides = rowStrides(layout, heads, queryLength, valueDim);
  const outError = new Float64Array(out.data.length);
  const lseError = new Float64Array(batch * heads * queryLength);
  const errorOf = attentionRowError(inputs, attributes);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const rowError = errorOf(b, h);
      for (let i = 0; i < queryLength; i++) {
        const at = b * strides.batch + h * strides.head + i * strides.row;
        const [row, into] = [out.data, outError].map((data) => data.subarray(at, at + valueDim));
        lseError[(b * heads + h) * queryLength + i] = rowError(i, row, into);
      }
    }
  }
  return returnLse ? [outError, lseError] : [outError];
};

/**
 * The bounds of single rows, as a function of (batch row, head) and then of the query row and its exact
 * output: fills in the bounds of that output and returns the bound of its lse. A row without keys is exactly
 * 0 and −∞.
 */
export function attentionRowError(
  inputs: NamedReferences,
  attributes: AttentionAttributes,
): (b: number, h: number) => (i: number, out: Float64Array, into: Float64Array) => number {
  const pairsOf = attentionPairs(inputs, attributes);
  return (b, h) => {
    const rowPairs = pairsOf(b, h);
    return (i, out, into) => {
      const pairs = rowPairs(i);
      return pairs.keys.length === 0 ? 0 : boundRow(pairs, out, into);
    };
  };
}

/**
 * Fills in the bounds of one row of the output, and returns the bound of its lse. `merges` is the number of
 * partial results that are merged by their lse afterwards, each merge being one more rescaling.
 */
export function boundRow(
  { keys, logits, errors, values }: RowPairs,
  out: Float64Array,
  into: Float64Array,
  merges = 0,
): number {
  const count = keys.length;
  const max = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const logTotal = logSum(logits.map((logit) => logit - max));
  const rescaling = 16 * UNIT * (1 + merges + Math.ceil(count / TILE_KEYS));

  // Not less an lse, beside whose size the logarithm may be lost.
  const below = logits.map((logit) => logit - max - logTotal);
  const delta = logits.map((logit, j) => errors[j] + 2 * expError(logit - max) + rescaling);
  const top = logits.indexOf(max);
  const own = spreadOf(below, delta);
  const relative = spreadOf(
    below,
    delta.map((each, j) => (j === top ? 0 : each + delta[top])),
  );
  const weights = below.map(Math.exp);

  const sums = gamma(count + 4);
  for (let c = 0; c < out.length; c++) {
    const center = out[c];
    let size = 0;
    let total = 0;
    let moved = 0;
    let movedRelative = 0;
    for (let j = 0; j < count; j++) {
      const value = values[keys[j] + c];
      const distance = Math.abs(value - center);
      size += weights[j] * Math.abs(value);
      total += Math.abs(value);
      moved += own.excess[j] * distance;
      movedRelative += relative.excess[j] * distance;
    }
    into[c] = leastOf(moved / own.least, movedRelative / relative.least) + sums * size + TINY * total;
  }
  const lifted = below.map((logit, j) => logit + delta[j]);
  return logSum(lifted) + sums + ELEMENTARY + 8 * UNIT * (Math.abs(max) + Math.abs(max + logTotal));
}

/**
 * By how much an average moves when the weights e^below are off by factors within e^±delta: by
 * Σ excess · |value − average| / least.
 */
function spreadOf(
  below: readonly number[],
  delta: readonly number[],
): { readonly excess: Float64Array; readonly least: number } {
  const excess = new Float64Array(below.length);
  let least = 0;
  for (let j = 0; j < below.length; j++) {
    excess[j] = Math.exp(Math.min(below[j] + delta[j], 700)) - Math.exp(below[j]);
    least += Math.exp(below[j] - delta[j]);
  }
  return { excess, least };
}

/** The lesser of two bounds; NaN, which comes of weights that may be anything, bounds nothing. */
function leastOf(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.min(a, b);
}

/** log Σ e^x. */
function logSum(terms: readonly number[]): number {
  const max = terms.reduce((most, term) => Math.max(most, term), -Infinity);
  if (!Number.isFinite(max)) return max;
  return max + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - max), 0));
}
