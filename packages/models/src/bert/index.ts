/** The BERT family: how `loadModel` recognises and loads BERT and the models that are much like it. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import type { ModelFamily } from '../model.ts';
import { MODEL_TYPES, readBertConfig } from './config.ts';
import { bertModel } from './model.ts';
import { bertLayout, prefixOfType, readBertWeights } from './weights.ts';

export type { BertConfig, BertPositions, BertType } from './config.ts';
export type { BertTask } from './tasks.ts';

/**
 * BERT, RoBERTa, XLM-RoBERTa, CamemBERT, DistilBERT and MPNet, from Hugging Face checkpoints, and
 * jina-embeddings-v2, a BERT with ALiBi and gates (Günther et al. 2023, https://arxiv.org/abs/2310.19923).
 * Devlin et al. 2019, https://arxiv.org/abs/1810.04805; Liu et al. 2019, https://arxiv.org/abs/1907.11692;
 * Sanh et al. 2019, https://arxiv.org/abs/1910.01108; Song et al. 2020, https://arxiv.org/abs/2004.09297
 */
export const bertFamily: ModelFamily<EncoderModel> = {
  name: 'bert',
  recognises: (config) => MODEL_TYPES.some((type) => type === fieldOf(config, 'model_type')),
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(bertLayout(checkpoint, readBertConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readBertConfig(checkpoint.config, architecture);
    const layout = bertLayout(checkpoint, config);
    const weights = await readBertWeights(checkpoint, layout, prefixOfType(config.type), reading);
    return bertModel('bert', config, weights);
  },
};
