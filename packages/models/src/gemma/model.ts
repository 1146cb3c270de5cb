/** A Gemma with its weights, as a model of ids. */
import { causalDecoding } from '../cached/causal-decoding.ts';
import { EncoderModel } from '../encoder/encoder-model.ts';
import { tokenTable } from '../encoder/last-token.ts';
import { ropeInputs } from '../encoder/rope.ts';
import type { GenerationRules } from '../model.ts';
import { WHERE, type GemmaConfig } from './config.ts';
import { gemmaGraph, gemmaStates, outputNames, wordLogits } from './graph.ts';
import type { GemmaWeights } from './weights.ts';

/** The model of a config and its weights. */
export function gemmaModel(config: GemmaConfig, weights: GemmaWeights): EncoderModel {
  const { architecture, vocabSize, padTokenId, ropes } = config;
  const isClassifier = architecture === 'Gemma3TextForSequenceClassification';
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
    generation: generationOf(config, weights),
    graph: (shape) => gemmaGraph({ config, weights, tokens }, shape),
    positionInputs: (_ids, positions) =>
      positions && Object.assign({}, ...[...ropes].map(([name, rope]) => ropeInputs(name, rope, positions))),
  });
}

/** What a language model needs to write texts. */
function generationOf(config: GemmaConfig, weights: GemmaWeights): GenerationRules | undefined {
  const { architecture, vocabSize, ropes, layers, endTokens } = config;
  const { head } = weights;
  if (architecture !== 'Gemma3ForCausalLM' || !config.causal || head === undefined) return undefined;
  const cached = causalDecoding(WHERE, {
    vocabSize,
    ropes,
    layers: layers.map(({ heads, window }) => ({ heads, window: window && window.before + 1 })),
    states: (builder, ids, sight) => gemmaStates(builder, { config, weights }, ids, sight),
    logits: (builder, hidden) => wordLogits(builder, config, head, hidden),
  });
  return { eosTokenId: endTokens, cached };
}
