/** The privacy filter's family: how `loadModel` recognises and loads one. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { ModelFamily } from '../model.ts';
import { readPrivacyFilterConfig } from './config.ts';
import { PrivacyFilter } from './model.ts';
import { privacyFilterLayout, readPrivacyFilterWeights } from './weights.ts';

export type { PrivacyFilterArchitecture, PrivacyFilterConfig } from './config.ts';
export { PrivacyFilter } from './model.ts';

/**
 * OpenAI's privacy filter, a classifier of tokens with the layers of gpt-oss, from Hugging Face checkpoints.
 * OpenAI 2025, https://arxiv.org/abs/2508.10925; https://huggingface.co/openai/privacy-filter
 */
export const privacyFilterFamily: ModelFamily<PrivacyFilter> = {
  name: 'privacy-filter',
  recognises: (config) => fieldOf(config, 'model_type') === 'openai_privacy_filter',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(privacyFilterLayout(checkpoint, readPrivacyFilterConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readPrivacyFilterConfig(checkpoint.config, architecture);
    return new PrivacyFilter(config, await readPrivacyFilterWeights(checkpoint, config, reading));
  },
};
