/** Sizes of published NomicBERTs, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

/** Configs of published models by name. */
export const NOMIC_PRESETS: Readonly<Record<'nomic-embed-text-v1.5', JsonObject>> = {
  'nomic-embed-text-v1.5': {
    model_type: 'nomic_bert',
    architectures: ['NomicBertModel'],
    hidden_act: 'silu',
    hidden_size: 768,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 8192,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    rope_parameters: { rope_type: 'default', rope_theta: 1000 },
    type_vocab_size: 2,
    vocab_size: 30_528,
  },
};
