/** Defines attention: one row at a time, in float64. */
import { broadcastStrides } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import { scoreFunction } from '../../scores/evaluate-score.ts';
import { effectivePattern, patternData } from './effective-pattern.ts';
import { attentionProblem, kvHeadOf, rowStrides, tablesOf, type AttentionAttributes } from './spec.ts';

/** A tensor of plain numbers. Bits of f16 are none: convert them with `toReference`. */
export interface ReferenceInput {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;
}

/** The address of a row of the output. */
export interface RowAddress {
  readonly batch: number;
  readonly head: number;
  readonly row: number;
}

/**
 * Computes attention in float64. Output 0 is `out`; with `returnLse`, output 1 is `lse`. It takes `sinks`,
 * which nodes of a graph do not have.
 */
export function attentionReference(
  inputs: NamedReferences,
  attributes: AttentionAttributes,
): ReferenceTensor[] {
  const { batch, heads, queryLength, valueDim, layout, returnLse } = attentionProblem(inputs, attributes);
  const definition = attentionRows(inputs, attributes);
  const strides = rowStrides(layout, heads, queryLength, valueDim);
  const out = emptyReference(
    layout === 'bhnd' ? [batch, heads, queryLength, valueDim] : [batch, queryLength, heads, valueDim],
  );
  const lse = emptyReference([batch, heads, queryLength]);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const row = definition(b, h);
      for (let i = 0; i < queryLength; i++) {
        const result = row(i);
        out.data.set(result.out, b * strides.batch + h * strides.head + i * strides.row);
        lse.data[(b * heads + h) * queryLength + i] = result.lse;
      }
    }
  }
  return returnLse ? [out, lse] : [out];
}

/**
 * Computes some rows of attention in float64, for problems that are too big to compute whole: `out` [rows,
 * valueDim] and `lse` [rows], in the order of `rows`. It reads f32 tensors in place, so nothing big is
 * copied.
 */
export function attentionReferenceRows(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: AttentionAttributes,
  rows: readonly RowAddress[],
): { readonly out: ReferenceTensor; readonly lse: ReferenceTensor } {
  const { valueDim } = attentionProblem(inputs, attributes);
  const definition = attentionRows(inputs, attributes);
  const out = emptyReference([rows.length, valueDim]);
  const lse = emptyReference([rows.length]);
  rows.forEach(({ batch, head, row }, index) => {
    const result = definition(batch, head)(row);
    out.data.set(result.out, index * valueDim);
    lse.data[index] = result.lse;
  });
  return { out, lse };
}

/** A row of the result. */
interface Row {
  readonly out: Float64Array;
  readonly lse: number;
}

/**
 * Defines attention as a function of (batch row, head), then of the query row i, for keys j at position j:
 *
 *     logit(j) = score(softcap(scale · q(i)·k(j)) + bias + alibi + relative)     for each visible j
 *     lse      = log(Σ exp(logit(j)) + exp(sink(h)))                      without sinks sink(h) = −∞
 *     out      = Σ exp(logit(j) − lse) · v(j)
 *
 * Without any visible key, out = 0 and lse = sink(h).
 */
function attentionRows(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: AttentionAttributes,
): (b: number, h: number) => (i: number) => Row {
  const problem = attentionProblem(inputs, attributes);
  const { heads, kvHeads, queryLength, keyLength, headDim, valueDim, scale, queryOffset, softcap, layout } =
    problem;
  const pattern = effectivePattern(attributes, Object.keys(inputs)).bind(
    patternData(inputs, { queryOffset }),
  );
  pattern.validate(problem);
  const queries = rowStrides(layout, heads, queryLength, headDim);
  const keys = rowStrides(layout, kvHeads, keyLength, headDim);
  const values = rowStrides(layout, kvHeads, keyLength, valueDim);
  const { q, k, v, qGlobal, kGlobal, vGlobal, keyMask, queryMask } = inputs;
  const local = { q: q.data, k: k.data, v: v.data };
  const global = qGlobal ? { q: qGlobal.data, k: kGlobal.data, v: vGlobal.data } : local;
  const bias = logitBias(inputs, attributes);
  const change = problem.score && scoreFunction(problem.score.tree, tablesOf(inputs));

  return (b, h) => {
    const kvHead = kvHeadOf(problem, h);
    const globals = new Set(pattern.globals(b, h));
    const sink = inputs.sinks?.data[h] ?? -Infinity;

    return (i) => {
      const out = new Float64Array(valueDim);
      if (queryMask?.data[b * queryLength + i] === 0) return { out, lse: sink };
      const operands = globals.has(i + queryOffset) ? global : local;
      const queryAt = b * queries.batch + h * queries.head + i * queries.row;

      const visible: { key: number; logit: number }[] = [];
      for (let j = 0; j < keyLength; j++) {
        if (keyMask?.data[b * keyLength + j] === 0 || !pattern.allows(b, h, i + queryOffset, j)) continue;
        const keyAt = b * keys.batch + kvHead * keys.head + j * keys.row;
        let score = 0;
        for (let d = 0; d < headDim; d++) score += operands.q[queryAt + d] * operands.k[keyAt + d];
        score *= scale;
        if (softcap !== undefined) score = softcap * Math.tanh(score / softcap);
        const biased = score + bias(b, h, i, j);
        const logit = change?.({ s: biased, b, h, q: i + queryOffset, k: j }) ?? biased;
        if (logit !== -Infinity) visible.push({ key: j, logit });
      }
      if (visible.length === 0) return { out, lse: sink };

      const max = visible.reduce((most, { logit }) => Math.max(most, logit), sink);
      const sum = visible.reduce((total, { logit }) => total + Math.exp(logit - max), Math.exp(sink - max));
      for (const { key, logit } of visible) {
        const weight = Math.exp(logit - max) / sum;
        const valueAt = b * values.batch + kvHead * values.head + key * values.row;
        for (let d = 0; d < valueDim; d++) out[d] += weight * operands.v[valueAt + d];
      }
      return { out, lse: max + Math.log(sum) };
    };
  };
}

/** The sum that is added to the logit of query row i and key j: bias, ALiBi, and relative positions. */
function logitBias(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: AttentionAttributes,
): (b: number, h: number, i: number, j: number) => number {
  const { batch, heads, queryLength, keyLength, queryOffset } = attentionProblem(inputs, attributes);
  const { bias, alibiSlopes, relativeBias } = inputs;
  const biasStrides = bias && broadcastStrides(bias.shape, [batch, heads, queryLength, keyLength]);
  const slopeStrides = alibiSlopes && broadcastStrides(alibiSlopes.shape, [batch, heads]);
  const width = relativeBias ? relativeBias.shape[1] : 1;
  const radius = (width - 1) / 2;

  return (b, h, i, j) => {
    const distance = j - (i + queryOffset);
    let sum = 0;
    if (biasStrides) {
      const [ofBatch, ofHead, ofQuery, ofKey] = biasStrides;
      sum += bias.data[b * ofBatch + h * ofHead + i * ofQuery + j * ofKey];
    }
    if (slopeStrides) sum -= alibiSlopes.data[b * slopeStrides[0] + h * slopeStrides[1]] * Math.abs(distance);
    if (relativeBias)
      sum += relativeBias.data[h * width + Math.min(Math.max(distance, -radius), radius) + radius];
    return sum;
  };
}
