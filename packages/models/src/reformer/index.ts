/** The Reformer family: how `loadModel` recognises and loads a Reformer. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import { byteTokenizer } from '../byte-tokenizer.ts';
import type { ModelFamily } from '../model.ts';
import { readReformerConfig } from './config.ts';
import { Reformer } from './model.ts';
import { readReformerWeights, reformerLayout } from './weights.ts';

export type { Chunks, ReformerArchitecture, ReformerConfig, ReformerLayer } from './config.ts';
export { Reformer, type ReformerCallOptions } from './model.ts';
export type { ReformerPositions } from './positions.ts';

/** Size of the vocabulary of `google/reformer-enwik8`: the 256 bytes, padding, and one more id. */
const BYTE_VOCABULARY = 258;

/** Reformer from Hugging Face checkpoints. Kitaev et al. 2020, https://arxiv.org/abs/2001.04451 */
export const reformerFamily: ModelFamily<Reformer> = {
  name: 'reformer',
  recognises: (config) => fieldOf(config, 'model_type') === 'reformer',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(reformerLayout(checkpoint, readReformerConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readReformerConfig(checkpoint.config, architecture);
    return new Reformer(config, await readReformerWeights(checkpoint, config, reading));
  },
  tokenizer: (config) => (fieldOf(config, 'vocab_size') === BYTE_VOCABULARY ? byteTokenizer(2) : undefined),
};
