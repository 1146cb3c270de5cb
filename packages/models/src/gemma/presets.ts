/** Sizes of published models, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

/** The types of so many layers, of which each sixth sees all. */
function layerTypes(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    (i + 1) % 6 === 0 ? 'full_attention' : 'sliding_attention',
  );
}

const COMMON = {
  attention_bias: false,
  bos_token_id: 2,
  eos_token_id: 1,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  layer_types: layerTypes(24),
  num_hidden_layers: 24,
  pad_token_id: 0,
  rms_norm_eps: 1e-6,
  rope_parameters: {
    full_attention: { rope_type: 'default', rope_theta: 1e6 },
    sliding_attention: { rope_type: 'default', rope_theta: 1e4 },
  },
  sliding_window: 512,
  vocab_size: 262_144,
} as const;

/** Configs of EmbeddingGemma by name; of the second there is the part that reads texts. */
export const GEMMA_EMBEDDING_PRESETS: Readonly<
  Record<'embeddinggemma-300m' | 'embeddinggemma-2', JsonObject>
> = {
  'embeddinggemma-300m': {
    ...COMMON,
    model_type: 'gemma3_text',
    architectures: ['Gemma3TextModel'],
    hidden_size: 768,
    intermediate_size: 1152,
    max_position_embeddings: 2048,
    num_attention_heads: 3,
    num_key_value_heads: 1,
    query_pre_attn_scalar: 256,
    use_bidirectional_attention: true,
  },
  'embeddinggemma-2': {
    ...COMMON,
    model_type: 'embedding_gemma2_text',
    architectures: ['EmbeddingGemma2TextModel'],
    embedding_dim: 768,
    hidden_size: 512,
    hidden_size_per_layer_input: 512,
    intermediate_size: 2048,
    max_position_embeddings: 262_144,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    per_layer_config: Object.fromEntries(
      [5, 11, 17, 23].map((layer) => [layer, { head_dim: 512, num_key_value_heads: 1 }]),
    ),
  },
};
