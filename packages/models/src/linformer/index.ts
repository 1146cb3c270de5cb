/** The Linformer family: how `loadModel` recognises and loads a Linformer. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { ModelFamily } from '../model.ts';
import { MODEL_TYPES, readLinformerConfig } from './config.ts';
import { fairseqLayout, readFairseqWeights } from './fairseq/weights.ts';
import { lucidrainsLayout, readLucidrainsWeights } from './lucidrains/weights.ts';
import { Linformer } from './model.ts';

export type { LinformerConfig } from './config.ts';
export type { FairseqArchitecture, FairseqConfig } from './fairseq/config.ts';
export type { LucidrainsArchitecture, LucidrainsConfig } from './lucidrains/config.ts';
export { Linformer } from './model.ts';

/**
 * Linformer, from state dicts of lucidrains' `linformer` and of fairseq's
 * `linformer_roberta`. Wang et al. 2020, https://arxiv.org/abs/2006.04768
 */
export const linformerFamily: ModelFamily<Linformer> = {
  name: 'linformer',
  recognises: (config) => MODEL_TYPES.includes(fieldOf(config, 'model_type')),
  slots(checkpoint, architecture) {
    const { config: json } = checkSlotsCall(checkpoint, architecture);
    const config = readLinformerConfig(json, architecture);
    return slotsOf(
      config.origin === 'lucidrains' ? lucidrainsLayout(config) : fairseqLayout(checkpoint, config),
    );
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readLinformerConfig(checkpoint.config, architecture);
    return config.origin === 'lucidrains'
      ? new Linformer({
          origin: config.origin,
          config,
          weights: await readLucidrainsWeights(checkpoint, config, reading),
        })
      : new Linformer({
          origin: config.origin,
          config,
          weights: await readFairseqWeights(checkpoint, config, reading),
        });
  },
};
