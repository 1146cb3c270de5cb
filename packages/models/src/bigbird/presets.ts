/** Sizes of published BigBirds, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'big_bird',
  architectures: ['BigBirdModel'],
  attention_type: 'block_sparse',
  block_size: 64,
  hidden_act: 'gelu_new',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 4096,
  num_random_blocks: 3,
  pad_token_id: 0,
  rescale_embeddings: false,
  sep_token_id: 66,
  type_vocab_size: 2,
  use_bias: true,
  vocab_size: 50_358,
} as const;

/** Configs of published BigBirds by name. */
export const BIGBIRD_PRESETS: Readonly<Record<'bigbird-base' | 'bigbird-large', JsonObject>> = {
  'bigbird-base': {
    ...COMMON,
    hidden_size: 768,
    intermediate_size: 3072,
    num_attention_heads: 12,
    num_hidden_layers: 12,
  },
  'bigbird-large': {
    ...COMMON,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_attention_heads: 16,
    num_hidden_layers: 24,
  },
};
