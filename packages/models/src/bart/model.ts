/** A BART with its weights. Its encoder sees the whole text. */
import type { Tensors } from '@attn/core';
import type { EncodedText } from '../encoder/encoded-text.ts';
import { encoderInputs } from '../encoder/graph-ends.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import { feedForward } from '../graph/post-norm.ts';
import { readInputIds, refuse } from '../inputs/batch.ts';
import { readPadding } from '../inputs/integers.ts';
import { checkLength } from '../inputs/lengths.ts';
import type { TokenBatch } from '../model.ts';
import { EPS } from '../seq2seq/config.ts';
import type { EncoderBatch } from '../seq2seq/encoder-side.ts';
import { encoderDecoder, type EncoderDecoder } from '../seq2seq/model.ts';
import { afterAttention, attend, embeddings, keysAndValues, plainPlaces } from '../seq2seq/stack.ts';
import { WHERE, type BartConfig } from './config.ts';
import type { BartWeights } from './weights.ts';

/** What the encoder of a graph is built for: N tokens a row, with or without padding. */
interface BartShape {
  readonly batch: number;
  readonly length: number;
  readonly padding: boolean;
}

/** The model of a config and its weights. */
export function bartModel(config: BartConfig, weights: BartWeights): EncoderDecoder {
  const maxLength = config.encoder.positions.count;
  return encoderDecoder(
    'bart',
    config,
    {
      maxLength,
      takesGlobalTokens: false,
      read: (batch) => readBatch(config, batch),
      fixedShape({ batch, length, globalTokens }) {
        refuse(WHERE, config.architecture, { globalTokens });
        return { batch, length, padding: false };
      },
      build: (builder, shape) => encoderStates(builder, config, weights.encoder, shape),
    },
    weights,
  );
}

function readBatch(
  { architecture, vocabSize, encoder: { positions } }: BartConfig,
  { attentionMask, globalAttentionMask, tokenTypeIds, positionIds, task, ...rest }: TokenBatch,
): EncoderBatch<BartShape> {
  refuse(WHERE, architecture, { globalAttentionMask, tokenTypeIds, positionIds, task });
  const { ids } = readInputIds(WHERE, rest, vocabSize);
  const [batch, length] = ids.shape;
  checkLength(WHERE, length, positions.count);
  const mask =
    attentionMask === undefined ? undefined : readPadding(WHERE, architecture, attentionMask, ids.shape);
  const inputs: Tensors = { input_ids: ids, ...(mask && { attention_mask: mask }) };
  return { ids, shape: { batch, length, padding: mask !== undefined }, inputs };
}

function encoderStates(
  builder: ModelBuilder,
  { encoder: config }: BartConfig,
  weights: BartWeights['encoder'],
  shape: BartShape,
): EncodedText {
  const { ids, keyMask } = encoderInputs(builder, shape);
  const places = plainPlaces(builder, shape.length);
  const states = [embeddings(builder, weights, config, { ids, places })];
  for (const [i, layer] of weights.layers.entries()) {
    const x = states[i];
    const { attention } = layer;
    const keys = keysAndValues(builder, x, attention, config);
    const attended = attend(builder, x, attention, keys, { config, keyMask });
    const middle = afterAttention(builder, x, attended, attention, layer.attentionNorm);
    states.push(feedForward(builder, middle, layer, { activation: config.activation, eps: EPS }));
  }
  return { ids, states, keyMask };
}
