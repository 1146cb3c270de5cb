/** The jina-embeddings-v3 family: how `loadModel` recognises and loads one. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { bertModel } from '../bert/model.ts';
import { readBertWeights } from '../bert/weights.ts';
import type { ModelFamily } from '../model.ts';
import { MODEL_TYPE, readJinaConfig } from './config.ts';
import { jinaLayout, NAMES, withAdapters } from './weights.ts';

/**
 * jina-embeddings-v3, a RoBERTa with rotary positions: as published, with adapters for each task, and from
 * checkpoints of Hugging Face's library, which have none.
 * Sturua et al. 2024, https://arxiv.org/abs/2409.10173
 */
export const jinaFamily: ModelFamily<EncoderModel> = {
  name: 'jina',
  recognises: (config) => fieldOf(config, 'model_type') === MODEL_TYPE,
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    const own = withAdapters(checkpoint, readJinaConfig(config, architecture));
    return slotsOf(jinaLayout(checkpoint, own));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = withAdapters(checkpoint, readJinaConfig(checkpoint.config, architecture));
    const weights = await readBertWeights(checkpoint, jinaLayout(checkpoint, config), NAMES.prefix, reading);
    return bertModel('jina', config, weights);
  },
};
