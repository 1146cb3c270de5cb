/**
 * Goldens of one Reformer local self-attention layer of Hugging Face
 * `transformers`, with its three projections.
 */
import { GraphBuilder, buildLocalChunks } from '@attn/core';
import { type AttentionLayout } from '@attn/core/backend';
import type { Golden, GoldenCall } from './golden.ts';
import { joinHeads, projectHeads } from './longformer.ts';

/** The layer as one graph. */
export function localCall(golden: Golden, layout: AttentionLayout): GoldenCall {
  const config = golden.entry.config as LocalConfig;
  const hidden = golden.tensor('in.hidden_states');
  const mask = golden.optional('in.attention_mask');
  const builder = new GraphBuilder();
  const x = builder.input('hidden', hidden);
  const project = (name: string) =>
    projectHeads(builder, x, { golden, name, heads: config.num_attention_heads, layout });
  const { out } = buildLocalChunks(
    builder,
    {
      q: project('query'),
      k: project('key'),
      v: project('value'),
      keyMask: mask && builder.input('mask', mask),
    },
    {
      layout,
      chunkLength: config.local_attn_chunk_length,
      chunksBefore: config.local_num_chunks_before,
      chunksAfter: config.local_num_chunks_after,
      causal: config.is_decoder,
    },
  );
  return {
    graph: builder.build({ out: joinHeads(builder, out, hidden.shape, layout) }),
    inputs: { hidden, ...(mask && { mask }) },
    outputs: { out: golden.tensor('out.hidden_states') },
    rowsThatCount: { out: golden.tensor('aux.compare') },
  };
}

interface LocalConfig {
  readonly num_attention_heads: number;
  readonly local_attn_chunk_length: number;
  readonly local_num_chunks_before: number;
  readonly local_num_chunks_after: number;
  readonly is_decoder: boolean;
}
