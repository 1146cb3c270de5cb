/** Compares only some query rows of attention, for problems that are too big to compute by the definition. */
import { type Graph, type Tensor, type Tensors } from '@attn/core';
import { attentionProblem, rowStrides, type AttentionAttributes } from '@attn/core/backend';
import {
  attentionReferenceRows,
  toReference,
  type ReferenceInput,
  type RowAddress,
} from '@attn/core/reference';
import { compareOutput, toNumbers } from './compare.ts';
import { attentionRowError } from './tolerance/attention.ts';
import { storageError } from './tolerance/rounding.ts';

/**
 * Addresses of `count` rows of a sequence of `length`: the first, the
 * last, and evenly spaced rows between them, on the heads in turn.
 *
 * @example
 * const error = greatestRowError({ q, k, v }, { pattern }, out, sampleRows(24, heads, n));
 */
export function sampleRows(count: number, heads: number, length: number): RowAddress[] {
  return Array.from({ length: count }, (_, i) => ({
    batch: 0,
    head: i % heads,
    row: Math.floor((i * (length - 1)) / Math.max(1, count - 1)),
  }));
}

/**
 * The greatest |out − expected| over some rows of an attention
 * output, against float64; NaN if any error is NaN.
 *
 * @example
 * const error = greatestRowError({ q, k, v }, { pattern }, out, sampleRows(24, heads, n));
 */
export function greatestRowError(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: AttentionAttributes,
  out: Tensor,
  rows: readonly RowAddress[],
): number {
  const expected = attentionReferenceRows(inputs, attributes, rows).out.data;
  const got = pickRows(out, rowStarts(inputs, attributes, rows), expected.length / Math.max(1, rows.length));
  return toNumbers(got).reduce((greatest, value, i) => Math.max(greatest, Math.abs(value - expected[i])), 0);
}

/**
 * What is wrong with the chosen rows of a graph of one attention
 * node, or with the other rows; undefined if nothing is.
 */
export function rowDifferences(
  graph: Graph,
  inputs: Tensors,
  outputs: Tensors,
  rows: readonly RowAddress[],
): string | undefined {
  const [node] = graph.nodes;
  if (node?.op !== 'attention' || graph.nodes.length > 1)
    return 'expected a graph of one attention node, because only some rows are compared';
  const { attributes } = node;
  const exact = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toReference(value)]));
  const { out, lse } = attentionReferenceRows(exact, attributes, rows);
  const { heads, queryLength, valueDim } = attentionProblem(exact, attributes);
  const outError = new Float64Array(out.data.length);
  const lseError = new Float64Array(rows.length);
  const errorOf = attentionRowError(exact, attributes);
  rows.forEach(({ batch, head, row }, i) => {
    const [from, to] = [i * valueDim, (i + 1) * valueDim];
    lseError[i] = errorOf(batch, head)(row, out.data.subarray(from, to), outError.subarray(from, to));
  });

  const starts = {
    out: rowStarts(exact, attributes, rows),
    lse: rows.map(({ batch, head, row }) => (batch * heads + head) * queryLength + row),
  };
  for (const [name, { shape, data }, error, width] of [
    ['out', out, outError, valueDim],
    ['lse', lse, lseError, 1],
  ] as const) {
    const id = graph.outputs.get(name);
    if (id === undefined) continue;
    const spec = graph.values[id];
    const whole = wholeProblem(name, spec, outputs[name]);
    if (whole) return whole;
    const tolerance = error.map((own, i) => own + storageError(spec.dtype, Math.abs(data[i]) + own));
    const expected = { dtype: spec.dtype, shape, data, tolerance };
    const picked = pickRows(outputs[name], starts[name], width);
    const mismatch = compareOutput(name, expected, { ...picked, shape });
    if (!mismatch) continue;
    const { batch, head, row } = rows[mismatch.worst?.index[0] ?? 0];
    return `of the rows compared, the worst is batch row ${batch}, head ${head}, query ${row}\n${mismatch.text}`;
  }
  return undefined;
}

/** What is wrong with an output beside the values of the chosen rows: its dtype or shape, or NaN anywhere. */
function wholeProblem(
  name: string,
  spec: Graph['values'][number],
  actual: Tensor | undefined,
): string | undefined {
  if (actual?.dtype !== spec.dtype || actual.shape.join() !== spec.shape.join()) {
    // The dtype or the shape is wrong: the comparison ends with that.
    const nothing = new Float64Array(actual?.data.length ?? 0);
    return compareOutput(name, { ...spec, data: nothing, tolerance: nothing }, actual)?.text;
  }
  const at = toNumbers(actual).findIndex((value) => Number.isNaN(value));
  return at < 0 ? undefined : `${name}: element ${at} of ${actual.data.length} is NaN`;
}

/** Positions in `out` at which the rows start. */
function rowStarts(
  inputs: Readonly<Record<string, ReferenceInput>>,
  attributes: AttentionAttributes,
  rows: readonly RowAddress[],
): readonly number[] {
  const { heads, queryLength, valueDim, layout } = attentionProblem(inputs, attributes);
  const strides = rowStrides(layout, heads, queryLength, valueDim);
  return rows.map(({ batch, head, row }) => batch * strides.batch + head * strides.head + row * strides.row);
}

/** The rows at these positions, as a tensor [rows, width]. */
function pickRows(value: Tensor, starts: readonly number[], width: number): Tensor {
  const picked = {
    ...value,
    shape: [starts.length, width],
    data: value.data.slice(0, starts.length * width),
  };
  starts.forEach((start, i) => picked.data.set(value.data.subarray(start, start + width), i * width));
  return picked;
}
