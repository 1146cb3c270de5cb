/**
 * Sizes of the published Reformers, `google/reformer-enwik8` and
 * `google/reformer-crime-and-punishment`, for checkpoints of random weights.
 */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'reformer',
  architectures: ['ReformerModelWithLMHead'],
  axial_pos_embds: true,
  eos_token_id: 2,
  hash_seed: null,
  hidden_act: 'relu',
  is_decoder: true,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  local_num_chunks_after: 0,
  local_num_chunks_before: 1,
  lsh_num_chunks_after: 0,
  lsh_num_chunks_before: 1,
} as const;

/** Configs of published Reformers by name. */
export const REFORMER_PRESETS: Readonly<
  Record<'reformer-enwik8' | 'reformer-crime-and-punishment', JsonObject>
> = {
  'reformer-enwik8': {
    ...COMMON,
    attention_head_size: 128,
    attn_layers: [
      'local',
      'local',
      'lsh',
      'local',
      'local',
      'local',
      'lsh',
      'local',
      'local',
      'local',
      'lsh',
      'local',
    ],
    axial_pos_embds_dim: [256, 768],
    axial_pos_shape: [128, 512],
    chunk_size_feed_forward: 0,
    chunk_size_lm_head: 0,
    feed_forward_size: 4096,
    hidden_size: 1024,
    local_attn_chunk_length: 128,
    lsh_attn_chunk_length: 256,
    max_position_embeddings: 65_536,
    num_attention_heads: 8,
    num_buckets: 512,
    num_hashes: 4,
    vocab_size: 258,
  },
  'reformer-crime-and-punishment': {
    ...COMMON,
    attention_head_size: 64,
    attn_layers: ['local', 'lsh', 'local', 'lsh', 'local', 'lsh'],
    axial_pos_embds_dim: [64, 192],
    axial_pos_shape: [512, 1024],
    chunk_size_feed_forward: 0,
    chunk_size_lm_head: 0,
    feed_forward_size: 512,
    hidden_size: 256,
    local_attn_chunk_length: 64,
    lsh_attn_chunk_length: 64,
    max_position_embeddings: 524_288,
    num_attention_heads: 2,
    num_buckets: [64, 128],
    num_hashes: 1,
    vocab_size: 320,
  },
};
