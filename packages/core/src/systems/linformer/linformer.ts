/**
 * Linformer: attention to k mixtures of the n keys, O(n·k) instead of O(n²). Wang et al. 2020,
 * https://arxiv.org/abs/2006.04768
 *
 *     out = softmax(scale · q (E k + biasE)ᵀ) (F v + biasF)
 *
 * It is a composition of other ops, so that every backend runs it.
 */
import { checkOptions } from '../../check/check-options.ts';
import type { AttentionValues, GraphBuilder, Value } from '../../graph/builder.ts';
import { checkOperands } from '../../graph/check-operands.ts';
import { inBhnd, type AttentionLayout } from '../../ops/attention/spec.ts';
import { ops } from '../../ops/index.ts';
import { full } from '../../patterns/full.ts';
import { headGroups, type HeadGroup } from './heads.ts';
import {
  checkLinformer,
  checkSeesAll,
  LINFORMER_OPERANDS,
  LINFORMER_OPTIONS,
  type LinformerInputs,
  type LinformerOptions,
} from './options.ts';
import { projectSequence, sliceAxis, zeroMasked, type SequenceProjection } from './projection.ts';

const WHERE = 'core/linformer';

/**
 * Linformer's attention of values in a graph. Outputs: `out` [B, H, Nq, Dv] and, with `returnLse`, `lse`
 * [B, H, Nq], f32. A row of the batch in which nothing is valid gives 0 (without biases). Causal attention
 * cannot be had: each projected key mixes all positions. Errors: those of attention; `INVALID_ARGUMENT`,
 * `INVALID_SHAPE`, `MISSING_INPUT`.
 *
 * Wang et al. 2020, section 4 (https://arxiv.org/abs/2006.04768).
 *
 * @example
 * const { out } = buildLinformer(builder, { q, k, v }, { projection: 'meanPool', projectedLength: 64 });
 */
export function buildLinformer(
  builder: GraphBuilder,
  inputs: LinformerInputs<Value>,
  options: LinformerOptions = {},
): AttentionValues {
  checkOperands(WHERE, builder, inputs, LINFORMER_OPERANDS);
  checkSeesAll(options);
  checkOptions(WHERE, options, LINFORMER_OPTIONS);
  checkLinformer(inputs, options);
  const { q, k, v, keyMask } = inputs;
  const { layout = 'bhnd', scale, softcap, returnLse } = options;
  const attributes = { pattern: full(), layout, scale, softcap, returnLse };
  ops.attention.infer({ q, k, v, ...(keyMask && { keyMask }) }, attributes);

  const [batch, , n] = inBhnd(k, layout);
  const visible =
    keyMask && builder.reshape(keyMask, layout === 'bhnd' ? [batch, 1, n, 1] : [batch, n, 1, 1]);
  const keys = zeroMasked(builder, k, visible);
  const values = v === k ? keys : zeroMasked(builder, v, visible);
  const groups = headGroups(builder, inputs, options);
  const axis = layout === 'bhnd' ? 1 : 2;
  const parts = groups.map(({ queryHeads, keyHeads, key, value }) => {
    const [ownKeys, ownValues] = [keys, values].map((all) => takeHeads(builder, all, axis, keyHeads));
    const isShared = values === keys && value === key;
    const projected = projectHeads(builder, ownKeys, key, layout);
    return builder.attention(
      {
        q: takeHeads(builder, q, axis, queryHeads),
        k: projected,
        v: isShared ? projected : projectHeads(builder, ownValues, value, layout),
      },
      attributes,
    );
  });
  return joinHeads(builder, parts, groups, axis);
}

/**
 * Projects keys or values in their layout. What is the same for all heads takes those of a token as one
 * row.
 */
function projectHeads(
  builder: GraphBuilder,
  x: Value,
  projection: SequenceProjection,
  layout: AttentionLayout,
): Value {
  if (layout === 'bhnd') return projectSequence(builder, x, projection);
  const [batch, heads, n, width] = inBhnd(x, layout);
  const isByHead =
    projection.kind === 'convolution' ||
    (projection.kind === 'linear' && projection.matrix.shape.length === 3);
  if (isByHead) {
    const swapped = [0, 2, 1, 3];
    return builder.transpose(projectSequence(builder, builder.transpose(x, swapped), projection), swapped);
  }
  const projected = projectSequence(builder, builder.reshape(x, [batch, n, heads * width]), projection);
  return builder.reshape(projected, [batch, projected.shape[1], heads, width]);
}

/** Some heads of x, in this order. */
function takeHeads(builder: GraphBuilder, x: Value, axis: number, heads: readonly number[]): Value {
  const runs: [from: number, to: number][] = [];
  for (const head of heads) {
    const last = runs.at(-1);
    if (last?.[1] === head) last[1] += 1;
    else runs.push([head, head + 1]);
  }
  const slices = runs.map(([from, to]) => sliceAxis(builder, x, axis, from, to));
  return slices.length === 1 ? slices[0] : builder.concat(slices, axis);
}

/** Puts the heads of all groups back in their order. */
function joinHeads(
  builder: GraphBuilder,
  parts: readonly AttentionValues[],
  groups: readonly HeadGroup[],
  axis: number,
): AttentionValues {
  if (parts.length === 1) return parts[0];
  const heads = groups.flatMap(({ queryHeads }) => queryHeads);
  const order = heads.map((_, head) => heads.indexOf(head));
  const join = (values: readonly Value[], along: number): Value =>
    takeHeads(builder, builder.concat(values, along), along, order);
  const sums = parts.flatMap(({ lse }) => lse ?? []);
  return {
    out: join(
      parts.map(({ out }) => out),
      axis,
    ),
    lse: sums.length === 0 ? undefined : join(sums, 1),
  };
}
