/** Reads and checks a config.json of LED. Beltagy et al. 2020, https://arxiv.org/abs/2004.05150, §7 */
import type { JsonObject } from '@attn/core';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { readWindows, type LongformerEncoderConfig } from '../longformer/config.ts';
import { EPS, readSeq2SeqConfig, readStack, type Seq2SeqConfig } from '../seq2seq/config.ts';

export const WHERE = 'models/led';

/** Everything that the graph of an LED depends on. */
export interface LedConfig extends Seq2SeqConfig {
  readonly encoder: LongformerEncoderConfig;
}

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or activation.
 *
 * @param name replaces the class that the file names
 */
export function readLedConfig(json: JsonObject, name?: string): LedConfig {
  const reader = new ConfigReader(json);
  const common = readSeq2SeqConfig(reader, name, {
    where: WHERE,
    begin: 'LED',
    positions: { field: 'max_decoder_position_embeddings', offset: 0 },
    wordScale: 1,
  });
  const encoderPositions = { field: 'max_encoder_position_embeddings', offset: 0 };
  const { layers, heads, width, intermediateSize, activation, positions } = readStack(
    reader,
    'encoder',
    encoderPositions,
    1,
  );
  return {
    ...common,
    encoder: {
      vocabSize: common.vocabSize,
      hiddenSize: width,
      heads,
      intermediateSize,
      activation,
      layerNormEps: EPS,
      windows: readWindows(reader, layers, heads),
      causal: false,
      positionRows: positions.count,
      positions: 'fromZero',
      tokenTypes: 0,
      padTokenId: common.padTokenId,
    },
  };
}
