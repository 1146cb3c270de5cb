/** Defines LSH attention: one token at a time, in float64. */
import type { ReferenceInput, RowAddress } from '../attention/reference.ts';
import { rowStrides } from '../attention/spec.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import { lshPairs } from './pairs.ts';
import { lshProblem, type LshAttentionAttributes, type LshProblem } from './spec.ts';

/** Computes LSH attention in float64. Output 0 is `out`; with `returnLse`, output 1 is `lse`. */
export function lshAttentionReference(
  inputs: NamedReferences,
  attributes: LshAttentionAttributes,
): ReferenceTensor[] {
  const { batch, heads, length, valueDim, layout, returnLse } = lshProblem(inputs, attributes);
  const strides = rowStrides(layout, heads, length, valueDim);
  const definition = lshRows(inputs, attributes);
  const out = emptyReference(inputs.v.shape);
  const lse = emptyReference([batch, heads, length]);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const row = definition(b, h);
      for (let i = 0; i < length; i++) {
        const result = row(i);
        out.data.set(result.out, b * strides.batch + h * strides.head + i * strides.row);
        lse.data[(b * heads + h) * length + i] = result.lse;
      }
    }
  }
  return returnLse ? [out, lse] : [out];
}

/**
 * Computes some rows of LSH attention in float64, for problems that are too big to compute whole: [rows,
 * valueDim], in the order of `rows`.
 */
export function lshReferenceRows(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: LshAttentionAttributes,
  rows: readonly RowAddress[],
): ReferenceTensor {
  const { valueDim } = lshProblem(inputs, attributes);
  const definition = lshRows(inputs, attributes);
  const out = emptyReference([rows.length, valueDim]);
  rows.forEach(({ batch, head, row }, index) => {
    out.data.set(definition(batch, head)(row).out, index * valueDim);
  });
  return out;
}

/** A row of the result. */
interface Row {
  readonly out: Float64Array;
  readonly lse: number;
}

/**
 * Defines LSH attention as a function of (batch row, head), then of the token i: for its pairs over all
 * rounds, with keys k(j) = norm(q(j)),
 *
 *     logit(j) = scale · q(i)·k(j) + term(j)
 *     lse      = log Σ exp(logit(j))
 *     out      = Σ exp(logit(j) − lse) · v(j)
 *
 * This equals rounds that are combined by their lse: each has its part of the sum. Without any pair, out =
 * v(i) and lse = −∞; for a hidden token, out = 0.
 */
function lshRows(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: LshAttentionAttributes,
): (b: number, h: number) => (i: number) => Row {
  const problem = lshProblem(inputs, attributes);
  const { heads, length, headDim, valueDim, scale, layout } = problem;
  const { q, v, keyMask } = inputs;
  const rows = rowStrides(layout, heads, length, headDim);
  const values = rowStrides(layout, heads, length, valueDim);
  const pairsOf = lshPairs(inputs, attributes);

  return (b, h) => {
    const pairs = pairsOf(b, h);
    const vectorOf = (i: number): Float64Array => {
      const at = b * rows.batch + h * rows.head + i * rows.row;
      return Float64Array.from(q.data.subarray(at, at + headDim));
    };
    const valueOf = (i: number): ArrayLike<number> => {
      const at = b * values.batch + h * values.head + i * values.row;
      return v.data.subarray(at, at + valueDim);
    };

    return (i) => {
      const out = new Float64Array(valueDim);
      if (keyMask?.data[b * length + i] === 0) return { out, lse: -Infinity };
      const query = vectorOf(i);
      const visible = pairs(i)
        .map(({ key, term }) => ({
          key,
          logit: scale * dot(query, normalized(vectorOf(key), problem)) + term,
        }))
        .filter(({ logit }) => logit !== -Infinity);
      if (visible.length === 0) {
        out.set(valueOf(i));
        return { out, lse: -Infinity };
      }
      const max = visible.reduce((most, { logit }) => Math.max(most, logit), -Infinity);
      const sum = visible.reduce((total, { logit }) => total + Math.exp(logit - max), 0);
      for (const { key, logit } of visible) {
        const weight = Math.exp(logit - max) / sum;
        const value = valueOf(key);
        for (let d = 0; d < valueDim; d++) out[d] += weight * value[d];
      }
      return { out, lse: max + Math.log(sum) };
    };
  };
}

/** The key of a token: its vector, scaled to norm 1. */
function normalized(x: Float64Array, { keyNorm, headDim }: LshProblem): Float64Array {
  const squares = dot(x, x);
  const norm = keyNorm === 'rms' ? Math.sqrt(squares + headDim * 1e-6) : Math.max(Math.sqrt(squares), 1e-12);
  return x.map((value) => value / norm);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
  return sum;
}
