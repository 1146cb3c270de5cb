/** Sizes of published Longformers, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'longformer',
  architectures: ['LongformerModel'],
  hidden_act: 'gelu',
  layer_norm_eps: 1e-5,
  max_position_embeddings: 4098,
  pad_token_id: 1,
  sep_token_id: 2,
  type_vocab_size: 1,
  vocab_size: 50_265,
} as const;

/** Configs of published Longformers by name. */
export const LONGFORMER_PRESETS: Readonly<Record<'longformer-base' | 'longformer-large', JsonObject>> = {
  'longformer-base': {
    ...COMMON,
    hidden_size: 768,
    intermediate_size: 3072,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    attention_window: new Array<number>(12).fill(512),
  },
  'longformer-large': {
    ...COMMON,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_attention_heads: 16,
    num_hidden_layers: 24,
    attention_window: new Array<number>(24).fill(512),
  },
};
