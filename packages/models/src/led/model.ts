/** An LED with its weights: a Longformer that reads, and a decoder that writes. */
import { longformerStates } from '../longformer/graph.ts';
import { readLongformerBatch } from '../longformer/batch.ts';
import { maxLengthOf } from '../longformer/config.ts';
import type { LongformerShape } from '../longformer/shape.ts';
import { encoderDecoder, type EncoderDecoder } from '../seq2seq/model.ts';
import { WHERE, type LedConfig } from './config.ts';
import type { LedWeights } from './weights.ts';

/** The model of a config and its weights. */
export function ledModel(config: LedConfig, weights: LedWeights): EncoderDecoder {
  const { encoder, architecture } = config;
  return encoderDecoder<LongformerShape>(
    'led',
    config,
    {
      maxLength: maxLengthOf(encoder),
      takesGlobalTokens: true,
      // As in the original, no token is global unless the caller says so.
      read: (batch) => readLongformerBatch(encoder, batch, { where: WHERE, architecture }),
      fixedShape: ({ batch, length, globalTokens = [] }) => ({
        batch,
        length,
        padding: false,
        globals: globalTokens,
        tokenTypes: false,
        positions: 'plain',
      }),
      build: (builder, shape) => longformerStates(builder, encoder, weights.encoder, shape),
    },
    weights,
  );
}
