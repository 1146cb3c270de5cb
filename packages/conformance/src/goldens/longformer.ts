/**
 * Goldens of a whole Longformer self-attention layer of Hugging Face `transformers` with its six projections:
 * separate projections of global tokens, three-valued masks, windows wider than the sequence, odd lengths.
 */
import { globalTokens, GraphBuilder, or, slidingWindow, type Tensor, type Value } from '@attn/core';
import { type AttentionLayout } from '@attn/core/backend';
import type { Golden, GoldenCall } from './golden.ts';

/**
 * The layer as one graph. `mask012` is 0 for padding (neither seen nor computed), 1 for
 * local, 2 for global tokens; `attention_window` is the width of both sides together.
 */
export function longformerCall(golden: Golden, layout: AttentionLayout): GoldenCall {
  const { num_attention_heads: heads, attention_window: window } = golden.entry.config as LongformerConfig;
  const hidden = golden.tensor('in.hidden_states');
  const mask = golden.tensor('in.mask012');
  const [batch, length, width] = hidden.shape;
  const flags = (test: (code: number) => boolean): Tensor => {
    return {
      dtype: 'bool',
      shape: mask.shape,
      data: Uint8Array.from(mask.data, (code) => (test(code) ? 1 : 0)),
    };
  };
  const inputs = {
    hidden,
    keyMask: flags((m) => m !== 0),
    queryMask: flags((m) => m !== 0),
    globalMask: flags((m) => m === 2),
  };

  const builder = new GraphBuilder();
  const x = builder.input('hidden', hidden);
  const project = (name: string): Value => projectHeads(builder, x, { golden, name, heads, layout });
  const { out } = builder.attention(
    {
      q: project('query'),
      k: project('key'),
      v: project('value'),
      qGlobal: project('query_global'),
      kGlobal: project('key_global'),
      vGlobal: project('value_global'),
      keyMask: builder.input('keyMask', inputs.keyMask),
      queryMask: builder.input('queryMask', inputs.queryMask),
      globalMask: builder.input('globalMask', inputs.globalMask),
    },
    { pattern: or(slidingWindow({ before: window / 2, after: window / 2 }), globalTokens()), layout },
  );
  const graph = builder.build({ out: joinHeads(builder, out, [batch, length, width], layout) });
  return { graph, inputs, outputs: { out: golden.tensor('out.hidden_states') } };
}

/** A projection of a golden's layer. */
export interface HeadProjection {
  readonly golden: Golden;
  /** `query`, `key`, … as in the names of the file's tensors. */
  readonly name: string;
  readonly heads: number;
  readonly layout: AttentionLayout;
}

/** Projects x and splits the result into heads: x·Wᵀ, plus b if there is one. */
export function projectHeads(
  builder: GraphBuilder,
  x: Value,
  { golden, name, heads, layout }: HeadProjection,
): Value {
  const weight = builder.constant(golden.tensor(`param.${name}.weight`), `${name}.weight`);
  const biasTensor = golden.optional(`param.${name}.bias`);
  const bias = biasTensor && builder.constant(biasTensor, `${name}.bias`);
  const [batch, length, width] = x.shape;
  const split = builder.reshape(builder.linear(x, weight, bias), [batch, length, heads, width / heads]);
  return layout === 'bhnd' ? builder.transpose(split, [0, 2, 1, 3]) : split;
}

interface LongformerConfig {
  readonly num_attention_heads: number;
  readonly attention_window: number;
}

/** Puts heads side by side, the inverse of splitting. */
export function joinHeads(
  builder: GraphBuilder,
  out: Value,
  shape: readonly number[],
  layout: AttentionLayout,
): Value {
  return builder.reshape(layout === 'bhnd' ? builder.transpose(out, [0, 2, 1, 3]) : out, shape);
}
