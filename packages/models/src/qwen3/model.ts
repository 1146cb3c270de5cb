/** A Qwen 3 with its weights, as a model of ids. */
import { causalDecoding } from '../cached/causal-decoding.ts';
import { pickRows } from '../checkpoint/weight-rows.ts';
import { readIds } from '../encode/inputs.ts';
import { EncoderModel } from '../encoder/encoder-model.ts';
import { tokenTable } from '../encoder/last-token.ts';
import { ropeInputs } from '../encoder/rope.ts';
import type { Qwen3Config } from './config.ts';
import { qwen3Graph, qwen3States, ROPE, ropesOf } from './graph.ts';
import { outputNames } from './heads.ts';
import type { GenerationRules } from '../model.ts';
import type { Qwen3Weights } from './weights.ts';

/** The model of a config and its weights. */
export function qwen3Model(config: Qwen3Config, weights: Qwen3Weights): EncoderModel {
  const { architecture, vocabSize, padTokenId } = config;
  const isClassifier = architecture === 'Qwen3ForSequenceClassification';
  const tokens =
    isClassifier && padTokenId !== undefined ? tokenTable(vocabSize, (id) => id !== padTokenId) : undefined;
  return new EncoderModel({
    family: 'qwen3',
    architecture,
    maxLength: config.maxPositions,
    lengthLimit: Infinity,
    vocabSize,
    padTokenId: padTokenId ?? 0,
    // Without an id for padding, a classifier takes the last position, whatever is there.
    takesPadding: !isClassifier || padTokenId !== undefined,
    tokenTypes: 0,
    outputs: outputNames(architecture),
    generation: generationOf(config, weights),
    wordModel: wordModelOf(config, weights),
    graph: (shape) => qwen3Graph({ config, weights, tokens }, shape),
    positionInputs: (_ids, positions) => positions && ropeInputs(ROPE, config.rope, positions),
  });
}

/** What a language model needs to write texts. */
function generationOf(config: Qwen3Config, weights: Qwen3Weights): GenerationRules | undefined {
  const { architecture, vocabSize, heads, windows, endTokens } = config;
  const { head } = weights;
  if (architecture !== 'Qwen3ForCausalLM' || head === undefined) return undefined;
  const cached = causalDecoding('models/qwen3', {
    vocabSize,
    ropes: ropesOf(config),
    layers: windows.map((window) => ({ heads, window })),
    states: (builder, ids, sight) => qwen3States(builder, { config, weights }, ids, sight),
    logits: (builder, hidden) => builder.dense(hidden, head),
  });
  return { eosTokenId: endTokens, cached };
}

/** A language model as a classifier whose labels are words. */
function wordModelOf(
  config: Qwen3Config,
  weights: Qwen3Weights,
): ((words: readonly number[]) => EncoderModel) | undefined {
  const { head } = weights;
  if (config.architecture !== 'Qwen3ForCausalLM' || head === undefined) return undefined;
  return (words) => {
    const ids = readIds({ where: 'models/qwen3', name: 'words' }, words, config.vocabSize);
    return qwen3Model(
      { ...config, architecture: 'Qwen3ForSequenceClassification', labels: ids.length },
      { ...weights, head: { weight: pickRows(head.weight, ids) } },
    );
  };
}
