/** A Gemma with its weights, as a model of ids. */
import { EncoderModel } from '../encoder/encoder-model.ts';
import { tokenTable } from '../encoder/last-token.ts';
import { ropeInputs } from '../encoder/rope.ts';
import type { GemmaConfig } from './config.ts';
import { gemmaGraph, outputNames } from './graph.ts';
import type { GemmaWeights } from './weights.ts';

/** The model of a config and its weights. */
export function gemmaModel(config: GemmaConfig, weights: GemmaWeights): EncoderModel {
  const { architecture, vocabSize, padTokenId, ropes } = config;
  const isClassifier = architecture === 'Gemma3TextForSequenceClassification';
  const continues = architecture === 'Gemma3ForCausalLM' && config.causal;
  const tokens = isClassifier ? tokenTable(vocabSize, (id) => id !== padTokenId) : undefined;
  return new EncoderModel({
    family: 'gemma-embedding',
    architecture,
    maxLength: config.maxPositions,
    lengthLimit: Infinity,
    vocabSize,
    padTokenId,
    tokenTypes: 0,
    outputs: outputNames(weights),
    generation: continues ? { eosTokenId: config.endTokens } : undefined,
    graph: (shape) => gemmaGraph({ config, weights, tokens }, shape),
    positionInputs: (_ids, positions) =>
      positions && Object.assign({}, ...[...ropes].map(([name, rope]) => ropeInputs(name, rope, positions))),
  });
}
