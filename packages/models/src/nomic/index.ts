/** The NomicBERT family: how `loadModel` recognises and loads one. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { bertModel } from '../bert/model.ts';
import { rotaryLayout } from '../bert/rotary-layout.ts';
import { readBertWeights } from '../bert/weights.ts';
import type { ModelFamily } from '../model.ts';
import { MODEL_TYPE, readNomicConfig } from './config.ts';
import { NAMES } from './weights.ts';

/**
 * NomicBERT, a BERT with rotary positions and gates, from checkpoints of Hugging Face's library and from the
 * published ones of nomic-embed-text and nomic-bert-2048.
 * Nussbaum et al. 2024, https://arxiv.org/abs/2402.01613
 */
export const nomicFamily: ModelFamily<EncoderModel> = {
  name: 'nomic',
  recognises: (config) => fieldOf(config, 'model_type') === MODEL_TYPE,
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(rotaryLayout(checkpoint, readNomicConfig(config, architecture), NAMES));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readNomicConfig(checkpoint.config, architecture);
    const layout = rotaryLayout(checkpoint, config, NAMES);
    const weights = await readBertWeights(checkpoint, layout, NAMES.prefix, reading);
    return bertModel('nomic', config, weights);
  },
};
