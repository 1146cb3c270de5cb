/**
 * Goldens of Linformer: a whole layer of lucidrains' implementation,
 * and the formula alone, with features that lucidrains lacks.
 */
import { GraphBuilder, buildLinformer, linformer, type Tensor, type Value } from '@attn/core';
import type { AttentionLayout } from '@attn/core/backend';
import type { Golden, GoldenCall } from './golden.ts';

/** The layer as one graph. The original stores projections as [n, k]; ours are [k, n]. */
export function linformerCall(golden: Golden, layout: AttentionLayout): GoldenCall {
  const { heads, dim_head: headDim, share_kv: shareKv } = golden.entry.config as LinformerConfig;
  const [x, context] = [golden.tensor('in.x'), golden.optional('in.context')];
  const inputs: Record<string, Tensor> = { x, ...(context && { context }) };

  const builder = new GraphBuilder();
  const weight = (name: string): Value => builder.constant(golden.tensor(`param.${name}`), name);
  const project = (from: Value, name: string): Value => {
    const matrix = weight(`${name}.weight`);
    const [batch, length] = from.shape;
    const split = [batch, length, matrix.shape[0] / headDim, headDim];
    const y = builder.reshape(builder.linear(from, matrix), split);
    return layout === 'bhnd' ? builder.transpose(y, [0, 2, 1, 3]) : y;
  };
  const xInput = builder.input('x', x);
  const source = context ? builder.input('context', context) : xInput;
  const k = project(source, 'to_k');
  const transposed = (name: string): Value => builder.transpose(weight(name), [1, 0]);
  const { out } = buildLinformer(
    builder,
    {
      q: project(xInput, 'to_q'),
      k,
      v: shareKv ? k : project(source, 'to_v'),
      E: transposed('proj_k'),
      ...(!shareKv && { F: transposed('proj_v') }),
    },
    { layout },
  );
  const [batch, length] = x.shape;
  const rows = layout === 'bhnd' ? builder.transpose(out, [0, 2, 1, 3]) : out;
  const merged = builder.reshape(rows, [batch, length, heads * headDim]);
  const y = builder.linear(merged, weight('to_out.weight'), weight('to_out.bias'));
  return { graph: builder.build({ y }), inputs, outputs: { y: golden.tensor('out.y') } };
}

/** The formula as a call. */
export function linformerPlainCall(golden: Golden): GoldenCall {
  const { scale } = golden.entry.config as LinformerPlainConfig;
  const { graph, inputs } = linformer({
    q: golden.tensor('in.q'),
    k: golden.tensor('in.k'),
    v: golden.tensor('in.v'),
    keyMask: golden.optional('in.key_padding_mask'),
    E: golden.tensor('param.E'),
    F: golden.optional('param.F'),
    biasE: golden.optional('param.E_bias'),
    biasF: golden.optional('param.F_bias'),
    scale,
  });
  return { graph, inputs, outputs: { out: golden.tensor('out.o') } };
}

interface LinformerConfig {
  readonly heads: number;
  readonly dim_head: number;
  readonly share_kv: boolean;
}

interface LinformerPlainConfig {
  readonly scale: number;
}
