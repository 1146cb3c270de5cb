/** Reads and checks a config.json of jina-embeddings-v3, as Hugging Face's library writes it. */
import { type JsonObject } from '@attn/core';
import { LAYER_COUNT, readActivation, readWidth } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import { readSizes, type BertConfig } from '../bert/config.ts';
import { readClass } from '../bert/tasks.ts';
import { ropeOf } from '../encoder/rope.ts';

const WHERE = 'models/jina';

/** The value of `model_type`. */
export const MODEL_TYPE = 'jina_embeddings_v3';

const CLASSES = {
  begins: ['JinaEmbeddingsV3'],
  tasks: ['states', 'maskedLm', 'sequence', 'token', 'answer'],
} as const;

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture and for decoders.
 *
 * @param name replaces the class that the file names
 */
export function readJinaConfig(json: JsonObject, name?: string): BertConfig {
  const reader = new ConfigReader(json);
  const { architecture, task } = readClass(WHERE, name ?? reader.texts('architectures')[0], CLASSES);
  checkSupported(WHERE, reader, { is_decoder: [false], add_cross_attention: [false] });
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 16 });
  const hiddenSize = readWidth(reader, 'hidden_size', 'num_attention_heads', heads);
  const maxPositions = reader.integer('max_position_embeddings', { least: 1, byDefault: 8194 });
  return {
    architecture,
    task,
    ...readSizes(reader),
    hiddenSize,
    layers: reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 24 }),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 4096 }),
    activation: readActivation(reader, 'hidden_act', 'gelu'),
    headActivation: 'gelu',
    rowActivation: 'tanh',
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-5 }),
    positions: {
      kind: 'rotary',
      rope: ropeOf(reader, { width: hiddenSize / heads, maxPositions, theta: 20_000 }),
    },
    maxLength: maxPositions,
    tokenTypes: reader.integer('type_vocab_size', { least: 1, byDefault: 1 }),
    relativeBuckets: 0,
    padTokenId: reader.integer('pad_token_id', { byDefault: 1 }),
  };
}
