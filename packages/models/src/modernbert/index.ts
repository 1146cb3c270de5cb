/** The ModernBERT family: how `loadModel` recognises and loads a ModernBERT. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import { EncoderModel } from '../encoder/encoder-model.ts';
import { ropeInputs } from '../encoder/rope.ts';
import type { ModelFamily } from '../model.ts';
import { readModernBertConfig, type ModernBertConfig } from './config.ts';
import { modernBertGraph } from './graph.ts';
import { outputNames } from './heads.ts';
import { modernBertLayout, readModernBertWeights, type ModernBertWeights } from './weights.ts';

export type { LayerKind, ModernBertArchitecture, ModernBertConfig } from './config.ts';

/**
 * ModernBERT and the models of its kind (gte-modernbert, granite-embedding r2, mmBERT, Ettin's encoders),
 * from Hugging Face checkpoints. Warner et al. 2024, https://arxiv.org/abs/2412.13663
 */
export const modernBertFamily: ModelFamily<EncoderModel> = {
  name: 'modernbert',
  recognises: (config) => fieldOf(config, 'model_type') === 'modernbert',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(modernBertLayout(checkpoint, readModernBertConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readModernBertConfig(checkpoint.config, architecture);
    return modernBertModel(config, await readModernBertWeights(checkpoint, config, reading));
  },
};

function modernBertModel(config: ModernBertConfig, weights: ModernBertWeights): EncoderModel {
  const { architecture, maxLength, vocabSize, padTokenId, ropes } = config;
  return new EncoderModel({
    family: 'modernbert',
    architecture,
    maxLength,
    lengthLimit: Infinity, // positions are angles
    vocabSize,
    padTokenId,
    tokenTypes: 0,
    outputs: outputNames(architecture),
    isChoice: architecture === 'ModernBertForMultipleChoice',
    graph: (shape) => modernBertGraph(config, weights, shape),
    // Padding moves no token: only what the caller gives differs from 0, 1, 2, …
    positionInputs: (_ids, positions) =>
      positions && Object.assign({}, ...[...ropes].map(([kind, rope]) => ropeInputs(kind, rope, positions))),
  });
}
