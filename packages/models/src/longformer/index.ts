/** The Longformer family: how `loadModel` recognises and loads a Longformer. */
import { readLongformerConfig } from './config.ts';
import { Longformer } from './model.ts';
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import { longformerLayout, readLongformerWeights } from './weights.ts';
import type { ModelFamily } from '../model.ts';

export type { LayerWindow, LongformerArchitecture, LongformerConfig } from './config.ts';
export { toLongformer, type ToLongformerOptions } from './to-longformer.ts';
export { Longformer, type LongformerCallOptions } from './model.ts';

/** Longformer, from Hugging Face checkpoints. Beltagy et al. 2020, https://arxiv.org/abs/2004.05150 */
export const longformerFamily: ModelFamily<Longformer> = {
  name: 'longformer',
  recognises: (config) => fieldOf(config, 'model_type') === 'longformer',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(longformerLayout(checkpoint, readLongformerConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readLongformerConfig(checkpoint.config, architecture);
    return new Longformer(config, await readLongformerWeights(checkpoint, config, reading));
  },
};
