/** Sizes of published models, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'qwen3',
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 1024,
  intermediate_size: 3072,
  num_attention_heads: 16,
  num_hidden_layers: 28,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_scaling: null,
  sliding_window: null,
  tie_word_embeddings: true,
  use_sliding_window: false,
} as const;

/** Configs of published models by name. */
export const QWEN3_PRESETS: Readonly<Record<'qwen3-embedding-0.6b' | 'qwen3-reranker-0.6b', JsonObject>> = {
  'qwen3-embedding-0.6b': {
    ...COMMON,
    bos_token_id: 151_643,
    eos_token_id: 151_643,
    max_position_embeddings: 32_768,
    vocab_size: 151_669,
  },
  'qwen3-reranker-0.6b': {
    ...COMMON,
    bos_token_id: 151_643,
    eos_token_id: 151_645,
    max_position_embeddings: 40_960,
    vocab_size: 151_669,
  },
};
