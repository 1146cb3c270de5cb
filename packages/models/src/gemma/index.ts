/** The Gemma family: how `loadModel` recognises and loads EmbeddingGemma. */
import type { JsonObject } from '@attn/core';
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import type { ModelFamily } from '../model.ts';
import { readEmbeddingGemma2Config } from './config-of-two.ts';
import { readGemma3Config, type GemmaConfig } from './config.ts';
import { gemmaModel } from './model.ts';
import { gemmaLayout, readGemmaWeights } from './weights.ts';

const READERS: ReadonlyMap<unknown, (json: JsonObject, architecture?: string) => GemmaConfig> = new Map([
  ['gemma3_text', readGemma3Config],
  ['embedding_gemma2', readEmbeddingGemma2Config],
  ['embedding_gemma2_text', readEmbeddingGemma2Config],
]);

function readConfig(config: JsonObject, architecture?: string): GemmaConfig {
  return (READERS.get(fieldOf(config, 'model_type')) ?? readGemma3Config)(config, architecture);
}

/**
 * EmbeddingGemma and EmbeddingGemma 2 (its part for texts), and Gemma 3's text models, from Hugging Face
 * checkpoints. Vera et al. 2025, https://arxiv.org/abs/2509.20354; Gemma 3: https://arxiv.org/abs/2503.19786;
 * EmbeddingGemma 2: https://huggingface.co/google/embeddinggemma-2
 */
export const gemmaEmbeddingFamily: ModelFamily<EncoderModel> = {
  name: 'gemma-embedding',
  recognises: (config) => READERS.has(fieldOf(config, 'model_type')),
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(gemmaLayout(checkpoint, readConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readConfig(checkpoint.config, architecture);
    return gemmaModel(config, await readGemmaWeights(checkpoint, config, reading));
  },
};
