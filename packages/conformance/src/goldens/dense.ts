/** Goldens of PyTorch's dense attention: causal both ways, padding, grouped heads, bias, large logits. */
import { causal, full, GraphBuilder, type Tensor } from '@attn/core';
import type { Golden, GoldenCall } from './golden.ts';

/** One attention node over the file's q, k, v, with its mask and bias. */
export function denseCall(golden: Golden): GoldenCall {
  const { causal: direction, Nq, Nk, scale } = golden.entry.config as DenseConfig;
  const isCausal = direction !== 'none';
  // PyTorch's causal mask is aligned at the top left; that of a key/value cache, at the bottom right.
  const queryOffset = direction === 'top-left' ? 0 : Nk - Nq;
  return attentionCall(golden, { pattern: isCausal ? causal() : full(), scale, queryOffset });
}

/** A graph of one attention node; `global_mask` becomes `globalMask`, `key_padding_mask` `keyMask`. */
export function attentionCall(
  golden: Golden,
  attributes: Parameters<GraphBuilder['attention']>[1],
): GoldenCall {
  const tensors: Record<string, Tensor | undefined> = {
    q: golden.tensor('in.q'),
    k: golden.tensor('in.k'),
    v: golden.tensor('in.v'),
    bias: golden.optional('in.bias'),
    keyMask: golden.optional('in.key_padding_mask'),
    globalMask: golden.optional('in.global_mask'),
  };
  const inputs: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) if (tensor) inputs[name] = tensor;

  const builder = new GraphBuilder();
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, builder.input(name, tensor)]),
  );
  const { q, k, v, ...optional } = values;
  const { out, lse } = builder.attention({ ...optional, q, k, v }, { ...attributes, returnLse: true });
  if (lse === undefined) throw new Error('[attn/conformance] goldens: expected attention to return lse');
  return {
    graph: builder.build({ out, lse }),
    inputs,
    outputs: { out: golden.tensor('out.o'), lse: golden.tensor('out.lse') },
  };
}

interface DenseConfig {
  readonly causal: 'none' | 'top-left' | 'bottom-right';
  readonly Nq: number;
  readonly Nk: number;
  readonly scale: number;
}
