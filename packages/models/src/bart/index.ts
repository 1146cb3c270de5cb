/** The BART family: how `loadModel` recognises and loads a BART. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { ModelFamily } from '../model.ts';
import type { EncoderDecoder } from '../seq2seq/model.ts';
import { readBartConfig } from './config.ts';
import { bartModel } from './model.ts';
import { bartLayout, readBartWeights } from './weights.ts';

/**
 * BART, and so distilbart, from Hugging Face checkpoints: `BartForConditionalGeneration`, its other classes,
 * and the encoder alone, `BartEncoder`. Lewis et al. 2019, https://arxiv.org/abs/1910.13461
 *
 * @example
 * const model = await bartFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[0, 5, 2]], decoderInputIds: [[2, 0]] });
 */
export const bartFamily: ModelFamily<EncoderDecoder> = {
  name: 'bart',
  recognises: (config) => fieldOf(config, 'model_type') === 'bart',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(bartLayout(checkpoint, readBartConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readBartConfig(checkpoint.config, architecture);
    return bartModel(config, await readBartWeights(checkpoint, config, reading));
  },
};
