/**
 * Error bound of LSH attention. A token's result is one softmax over all the pairs that it meets, so the
 * bound is attention's (`attention.ts`), with two more sources: keys are divided by a norm, which is itself a
 * sum over the head dim; and the rounds are merged. Where a token stands for itself, its value is copied.
 */
import { lshPairs, lshProblem, rowStrides, type LshAttentionAttributes } from '@attn/core/backend';
import type { NamedReferences } from '@attn/core/reference';
import { boundRow } from './attention.ts';
import { scoreOf, type RowPairs } from './attention-pairs.ts';
import { isPowerOfTwo, sumsExactly } from './exact.ts';
import { gamma, UNIT } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

export const lshAttentionError: ErrorRule<'lshAttention'> = (inputs, attributes, [out]) => {
  const { batch, heads, length, valueDim, rounds, layout, returnLse } = lshProblem(inputs, attributes);
  const strides = rowStrides(layout, heads, length, valueDim);
  const outError = new Float64Array(out.data.length);
  const lseError = new Float64Array(batch * heads * length);
  const pairsOf = lshRowPairs(inputs, attributes);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const rowPairs = pairsOf(b, h);
      for (let i = 0; i < length; i++) {
        const pairs = rowPairs(i);
        if (pairs.keys.length === 0) continue;
        const at = b * strides.batch + h * strides.head + i * strides.row;
        const [row, into] = [out.data, outError].map((data) => data.subarray(at, at + valueDim));
        lseError[(b * heads + h) * length + i] = boundRow(pairs, row, into, rounds);
      }
    }
  }
  return returnLse ? [outError, lseError] : [outError];
};

/** The pairs of a token, as a function of (batch row, head) and then of the token. */
export function lshRowPairs(
  inputs: NamedReferences,
  attributes: LshAttentionAttributes,
): (b: number, h: number) => (i: number) => RowPairs {
  const problem = lshProblem(inputs, attributes);
  const { heads, length, headDim, valueDim, keyNorm, scale, layout } = problem;
  const rows = rowStrides(layout, heads, length, headDim);
  const v = rowStrides(layout, heads, length, valueDim);
  const { q, v: values } = inputs;
  const pairsOf = lshPairs(inputs, attributes);
  // The norm is off by γ of its own sum and a square root; the division, the scale and the product follow.
  const relative = gamma(2 * headDim + 12);

  return (b, h) => {
    const seenBy = pairsOf(b, h);
    const at = (i: number): number => b * rows.batch + h * rows.head + i * rows.row;
    const norms = Array.from({ length }, (_, j) => {
      const row = q.data.subarray(at(j), at(j) + headDim);
      const squares = row.reduce((sum, x) => sum + x ** 2, 0);
      const norm =
        keyNorm === 'l2' ? Math.max(Math.sqrt(squares), 1e-12) : Math.sqrt(squares + headDim * 1e-6);
      // Sums of squares may be those of a shorter vector, so that they do not overflow.
      const isExact = isPowerOfTwo(norm) && sumsExactly(row.map((x) => (x / norm) ** 2));
      return { norm, isExact };
    });
    const products = new Float64Array(headDim);
    return (i) => {
      const keys: number[] = [];
      const logits: number[] = [];
      const errors: number[] = [];
      for (const { key, term } of seenBy(i)) {
        const { norm, isExact } = norms[key];
        for (let d = 0; d < headDim; d++) products[d] = (q.data[at(i) + d] / norm) * q.data[at(key) + d];
        const score = scoreOf(products, scale);
        const logit = score.logit + term;
        if (logit === -Infinity) continue;
        const size = products.reduce((total, product) => total + Math.abs(product), 0);
        const rounded = relative * Math.abs(scale) * size + 4 * UNIT * (Math.abs(logit) + Math.abs(term));
        keys.push(b * v.batch + h * v.head + key * v.row);
        logits.push(logit);
        errors.push(isExact && score.error === 0 && term === 0 ? 0 : rounded);
      }
      return { keys, logits, errors, values: values.data };
    };
  };
}
