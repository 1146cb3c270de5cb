/** Reads and checks a config.json of BART. Lewis et al. 2019, https://arxiv.org/abs/1910.13461 */
import type { JsonObject } from '@attn/core';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import { readSeq2SeqConfig, readStack, type Seq2SeqConfig, type StackConfig } from '../seq2seq/config.ts';

export const WHERE = 'models/bart';

/** Everything that the graph of a BART depends on. */
export interface BartConfig extends Seq2SeqConfig {
  readonly encoder: StackConfig;
}

/** The rows of its tables of positions before that of the first token. */
const POSITIONS = { field: 'max_position_embeddings', offset: 2 };

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or activation, and
 * for the variants of BART's kin that norm before a layer, or have computed positions.
 *
 * @param name replaces the class that the file names
 */
export function readBartConfig(json: JsonObject, name?: string): BartConfig {
  const reader = new ConfigReader(json);
  checkSupported(WHERE, reader, {
    normalize_before: [false],
    normalize_embedding: [true],
    add_final_layer_norm: [false],
    static_position_embeddings: [false],
  });
  const width = reader.integer('d_model', { least: 1 });
  const wordScale = reader.flag('scale_embedding', false) ? Math.sqrt(width) : 1;
  return {
    ...readSeq2SeqConfig(reader, name, { where: WHERE, begin: 'Bart', positions: POSITIONS, wordScale }),
    encoder: readStack(reader, 'encoder', POSITIONS, wordScale),
  };
}
