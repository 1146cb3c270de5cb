/** The meaning of LSH attention: one token at a time, in float64, straight from the definition. */
import { rowStrides } from '../attention/spec.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import { lshPairs } from './pairs.ts';
import { lshProblem, type LshAttentionAttributes, type LshProblem } from './spec.ts';

/**
 * For the pairs of a token i over all rounds, with keys k(j) = norm(qk(j)):
 *
 *     logit(j) = scale · qk(i)·k(j) + term(j)
 *     lse      = log Σ exp(logit(j))
 *     out      = Σ exp(logit(j) − lse) · v(j)
 *
 * which is what rounds give that are combined by their lse: each has its part of the sum. Without any pair, out = v(i) and lse = −∞.
 */
export function lshAttentionReference(
  inputs: NamedReferences,
  attributes: LshAttentionAttributes,
): ReferenceTensor[] {
  const problem = lshProblem(inputs, attributes);
  const { batch, heads, length, headDim, valueDim, scale, layout, returnLse } = problem;
  const { qk, v, mask } = inputs;
  const rows = rowStrides(layout, heads, length, headDim);
  const values = rowStrides(layout, heads, length, valueDim);
  const out = emptyReference(v.shape);
  const lse = emptyReference([batch, heads, length]);
  lse.data.fill(-Infinity);
  const pairsOf = lshPairs(inputs, attributes);

  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const pairs = pairsOf(b, h);
      const rowAt = (i: number): Float64Array => {
        const at = b * rows.batch + h * rows.head + i * rows.row;
        return qk.data.subarray(at, at + headDim);
      };
      const valueAt = (i: number): number => b * values.batch + h * values.head + i * values.row;
      const keys = Array.from({ length }, (_, j) => normalizedKey(rowAt(j), problem));

      for (let i = 0; i < length; i++) {
        const to = valueAt(i);
        if (mask?.data[b * length + i] === 0) continue;
        const query = rowAt(i);
        const met = pairs(i).map(({ key, term }) => ({ key, logit: scale * dot(query, keys[key]) + term }));
        const seen = met.filter(({ logit }) => logit !== -Infinity);
        if (seen.length === 0) {
          out.data.set(v.data.subarray(to, to + valueDim), to);
          continue;
        }
        const logits = seen.map(({ logit }) => logit);
        const max = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
        const sum = logits.reduce((total, logit) => total + Math.exp(logit - max), 0);
        seen.forEach(({ key }, n) => {
          const weight = Math.exp(logits[n] - max) / sum;
          for (let d = 0; d < valueDim; d++) out.data[to + d] += weight * v.data[valueAt(key) + d];
        });
        lse.data[(b * heads + h) * length + i] = max + Math.log(sum);
      }
    }
  }
  return returnLse ? [out, lse] : [out];
}

/** The key of a token: its vector, as long as 1. */
export function normalizedKey(x: Float64Array, { keyNorm, headDim }: LshProblem): Float64Array {
  const squares = dot(x, x);
  const norm =
    keyNorm === 'rms'
      ? Math.sqrt(squares / headDim + 1e-6) * Math.sqrt(headDim)
      : Math.max(Math.sqrt(squares), 1e-12);
  return x.map((value) => value / norm);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
  return sum;
}
