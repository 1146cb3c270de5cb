/** Sizes of published BARTs, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const COMMON = {
  model_type: 'bart',
  architectures: ['BartForConditionalGeneration'],
  activation_function: 'gelu',
  bos_token_id: 0,
  decoder_start_token_id: 2,
  eos_token_id: 2,
  is_encoder_decoder: true,
  max_position_embeddings: 1024,
  pad_token_id: 1,
} as const;

/** The fields of an encoder and a decoder of these sizes. */
function sides(encoderLayers: number, decoderLayers: number, heads: number, width: number): JsonObject {
  return {
    d_model: width,
    encoder_layers: encoderLayers,
    decoder_layers: decoderLayers,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_ffn_dim: 4 * width,
    decoder_ffn_dim: 4 * width,
  };
}

/** Configs of published BARTs by name. */
export const BART_PRESETS: Readonly<
  Record<'bart-base' | 'bart-large-cnn' | 'distilbart-cnn-12-6', JsonObject>
> = {
  'bart-base': { ...COMMON, ...sides(6, 6, 12, 768), vocab_size: 50_265 },
  'bart-large-cnn': { ...COMMON, ...sides(12, 12, 16, 1024), vocab_size: 50_264 },
  'distilbart-cnn-12-6': { ...COMMON, ...sides(12, 6, 16, 1024), vocab_size: 50_264 },
};
