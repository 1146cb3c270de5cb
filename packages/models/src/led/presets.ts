/** Sizes of published LEDs, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'led',
  architectures: ['LEDForConditionalGeneration'],
  activation_function: 'gelu',
  bos_token_id: 0,
  decoder_start_token_id: 2,
  eos_token_id: 2,
  is_encoder_decoder: true,
  max_decoder_position_embeddings: 1024,
  max_encoder_position_embeddings: 16_384,
  pad_token_id: 1,
  vocab_size: 50_265,
} as const;

/** The fields of an encoder and a decoder of these sizes. */
function sides(layers: number, heads: number, width: number, window: number): JsonObject {
  return {
    d_model: width,
    encoder_layers: layers,
    decoder_layers: layers,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_ffn_dim: 4 * width,
    decoder_ffn_dim: 4 * width,
    attention_window: new Array<number>(layers).fill(window),
  };
}

/** Configs of published LEDs by name. */
export const LED_PRESETS: Readonly<Record<'led-base' | 'led-large' | 'primera', JsonObject>> = {
  'led-base': { ...COMMON, ...sides(6, 12, 768, 1024) },
  'led-large': { ...COMMON, ...sides(12, 16, 1024, 1024) },
  primera: {
    ...COMMON,
    ...sides(12, 16, 1024, 512),
    max_encoder_position_embeddings: 4096,
    vocab_size: 50_266,
  },
};
