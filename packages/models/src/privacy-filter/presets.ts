/** The size of the published privacy filter, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

/** Configs of published privacy filters by name. Fields that are not here have their defaults. */
export const PRIVACY_FILTER_PRESETS: Readonly<Record<'privacy-filter', JsonObject>> = {
  'privacy-filter': {
    model_type: 'openai_privacy_filter',
    architectures: ['OpenAIPrivacyFilterForTokenClassification'],
    vocab_size: 200_064,
    num_hidden_layers: 8,
    hidden_size: 640,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    head_dim: 64,
    intermediate_size: 640,
    num_local_experts: 128,
    num_experts_per_tok: 4,
    sliding_window: 128,
    rms_norm_eps: 1e-5,
    attention_bias: true,
    max_position_embeddings: 131_072,
    pad_token_id: 199_999,
    eos_token_id: 199_999,
    rope_parameters: {
      rope_type: 'yarn',
      rope_theta: 150_000,
      factor: 32,
      beta_fast: 32,
      beta_slow: 1,
      truncate: false,
      original_max_position_embeddings: 4096,
    },
  },
};
