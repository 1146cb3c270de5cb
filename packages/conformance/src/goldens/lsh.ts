/**
 * Goldens of one Reformer LSH self-attention layer of Hugging Face `transformers`,
 * with its two projections: rounds, factorised buckets, neighbours on either side,
 * padding, causal or not, and sequences no longer than a chunk.
 */
import { GraphBuilder, buildLsh, type Tensor } from '@attn/core';
import { type AttentionLayout } from '@attn/core/backend';
import type { Golden, GoldenCall } from './golden.ts';
import { joinHeads, projectHeads } from './longformer.ts';

/** The layer as one graph. Buckets are compared too; the original numbers them through all rounds. */
export function lshCall(golden: Golden, layout: AttentionLayout): GoldenCall {
  const config = golden.entry.config as LshConfig;
  const { num_attention_heads: heads, num_buckets: bucketCount } = config;
  const hidden = golden.tensor('in.hidden_states');
  const mask = golden.optional('in.attention_mask');
  const rotations = golden.optional('aux.rotations');

  const builder = new GraphBuilder();
  const x = builder.input('hidden', hidden);
  const { out, buckets } = buildLsh(
    builder,
    {
      q: projectHeads(builder, x, { golden, name: 'query_key', heads, layout }),
      v: projectHeads(builder, x, { golden, name: 'value', heads, layout }),
      keyMask: mask && builder.input('keyMask', mask),
      rotations: rotations && builder.constant(rotations, 'rotations'),
    },
    {
      preset: 'hf',
      layout,
      rounds: config.num_hashes,
      bucketCount: bucketCount ?? undefined,
      chunkLength: config.lsh_attn_chunk_length,
      chunksBefore: config.lsh_num_chunks_before,
      chunksAfter: config.lsh_num_chunks_after,
      causal: config.is_decoder,
    },
  );
  const states = joinHeads(builder, out, hidden.shape, layout);
  const graph = builder.build({ out: states, ...(buckets && { buckets }) });
  const hasPadding = mask?.data.includes(0) ?? false;
  return {
    graph,
    inputs: { hidden, ...(mask && { keyMask: mask }) },
    outputs: {
      out: golden.tensor('out.hidden_states'),
      ...(buckets && { buckets: inEachRound(golden.tensor('out.buckets'), config, hasPadding) }),
    },
    rowsThatCount: { out: golden.tensor('aux.compare') },
  };
}

/** Buckets, counted from 0 in each round. With padding, the original has one bucket more. */
function inEachRound({ shape, data }: Tensor, { num_buckets }: LshConfig, hasPadding: boolean): Tensor {
  const count = [num_buckets ?? 1].flat().reduce((product, factor) => product * factor, 1);
  const perRound = count + (hasPadding ? 1 : 0);
  const [, , rounds, length] = shape;
  return {
    dtype: 'i32',
    shape,
    data: Int32Array.from(data, (bucket, i) => bucket - (Math.floor(i / length) % rounds) * perRound),
  };
}

interface LshConfig {
  readonly num_attention_heads: number;
  readonly lsh_attn_chunk_length: number;
  readonly num_hashes: number;
  readonly num_buckets: number | readonly number[] | null;
  readonly lsh_num_chunks_before: number;
  readonly lsh_num_chunks_after: number;
  readonly is_decoder: boolean;
}
