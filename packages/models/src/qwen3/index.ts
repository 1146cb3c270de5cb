/** The Qwen 3 family: how `loadModel` recognises and loads Qwen3-Embedding and Qwen3-Reranker. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import type { ModelFamily } from '../model.ts';
import { readQwen3Config } from './config.ts';
import { qwen3Model } from './model.ts';
import { qwen3Layout, readQwen3Weights } from './weights.ts';

/**
 * Qwen 3, of which are Qwen3-Embedding and Qwen3-Reranker, from Hugging Face checkpoints.
 * Yang et al. 2025, https://arxiv.org/abs/2505.09388; Zhang et al. 2025, https://arxiv.org/abs/2506.05176
 */
export const qwen3Family: ModelFamily<EncoderModel> = {
  name: 'qwen3',
  recognises: (config) => fieldOf(config, 'model_type') === 'qwen3',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(qwen3Layout(checkpoint, readQwen3Config(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readQwen3Config(checkpoint.config, architecture);
    return qwen3Model(config, await readQwen3Weights(checkpoint, config, reading));
  },
};
