/** Small causal models of random weights, with heads that share keys, windows, norms of both and a cap. */
import type { JsonObject } from '@attn/core';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { gemmaEmbeddingFamily } from '../gemma/index.ts';
import type { Model } from '../model.ts';
import { qwen3Family } from '../qwen3/index.ts';

const COMMON: JsonObject = {
  vocab_size: 61,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 4096,
  pad_token_id: 0,
  eos_token_id: null,
  layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
};

/** A window of 5 tokens; frequencies of YaRN. */
export function smallQwen3(): Promise<EncoderModel> {
  const config = {
    ...COMMON,
    model_type: 'qwen3',
    architectures: ['Qwen3ForCausalLM'],
    use_sliding_window: true,
    sliding_window: 5,
    rope_parameters: {
      rope_type: 'yarn',
      rope_theta: 1e4,
      factor: 4,
      original_max_position_embeddings: 32,
    },
  };
  return qwen3Family.load(randomCheckpoint(qwen3Family, config));
}

/** A window of 140 tokens, more than a piece of a prompt; two ropes, a scale of its own, and a cap. */
export function smallGemma3(): Promise<EncoderModel> {
  const config = {
    ...COMMON,
    model_type: 'gemma3_text',
    architectures: ['Gemma3ForCausalLM'],
    num_key_value_heads: 1,
    sliding_window: 140,
    query_pre_attn_scalar: 11,
    final_logit_softcapping: 0.1,
  };
  return gemmaEmbeddingFamily.load(randomCheckpoint(gemmaEmbeddingFamily, config));
}

/** A model that computes the whole text for each token, otherwise the same. */
export function withoutCache(model: EncoderModel): Model {
  const { generation } = model;
  const rules = { ...generation, cached: undefined };
  return Object.create(model, { generation: { value: rules } }) as Model;
}
