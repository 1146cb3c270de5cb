/**
 * Reads and checks a config.json of BigBird, with Hugging Face's names. Zaheer et al. 2020,
 * https://arxiv.org/abs/2007.14062
 */
import { type Activation, type JsonObject } from '@attn/core';
import {
  checkArchitecture,
  LAYER_COUNT,
  readActivation,
  readLabels,
  readWidth,
} from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';

const WHERE = 'models/bigbird';

/** Classes of the original that can be loaded. */
export const ARCHITECTURES = [
  'BigBirdModel',
  'BigBirdForPreTraining',
  'BigBirdForMaskedLM',
  'BigBirdForSequenceClassification',
  'BigBirdForTokenClassification',
  'BigBirdForQuestionAnswering',
  'BigBirdForMultipleChoice',
] as const;

/** A class of the original that can be loaded. */
export type BigBirdArchitecture = (typeof ARCHITECTURES)[number];

/** How a BigBird attends in rows that are long enough. */
export interface BigBirdBlocks {
  /** Tokens of a block. */
  readonly size: number;
  /**
   * How many random blocks each block of queries sees in training. In use, the original has block 0 in their
   * place, which so counts as often once more.
   */
  readonly random: number;
}

/** Everything that the graph of a BigBird depends on. */
export interface BigBirdConfig {
  readonly architecture: BigBirdArchitecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly layerNormEps: number;
  /** Absent where every row has full attention. */
  readonly blocks: BigBirdBlocks | undefined;
  /** Whether the projections to queries, keys and values have a bias. */
  readonly attentionBias: boolean;
  /** Whether word embeddings are multiplied by √hidden. */
  readonly rescaleEmbeddings: boolean;
  /** Rows of the position embeddings. */
  readonly positionRows: number;
  /** Rows of the token type embeddings. */
  readonly tokenTypes: number;
  readonly padTokenId: number;
  readonly sepTokenId: number;
  /** Whether the table of words is also the last layer of a language model. */
  readonly tiedWords: boolean;
  /** Classes that a classifier tells apart. */
  readonly labels: number;
}

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture, a decoder, relative positions.
 *
 * @param architecture replaces the class that the file names
 */
export function readBigBirdConfig(json: JsonObject, architecture?: string): BigBirdConfig {
  const reader = new ConfigReader(json);
  const name = checkArchitecture(
    WHERE,
    architecture ?? reader.texts('architectures')[0] ?? 'BigBirdModel',
    ARCHITECTURES,
  );
  checkSupported(WHERE, reader, {
    position_embedding_type: ['absolute'],
    is_decoder: [false],
    add_cross_attention: [false],
  });
  const heads = reader.integer('num_attention_heads', { least: 1 });
  // A question and its text have types of their own.
  const fewestTypes = name === 'BigBirdForQuestionAnswering' ? 2 : 1;
  return {
    architecture: name,
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    hiddenSize: readWidth(reader, 'hidden_size', 'num_attention_heads', heads),
    layers: reader.integer('num_hidden_layers', LAYER_COUNT),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1 }),
    activation: readActivation(reader, 'hidden_act', 'gelu_new'),
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-12 }),
    blocks: readBlocks(reader),
    attentionBias: reader.flag('use_bias', true),
    rescaleEmbeddings: reader.flag('rescale_embeddings', false),
    positionRows: reader.integer('max_position_embeddings', { least: 1, byDefault: 4096 }),
    tokenTypes: reader.integer('type_vocab_size', { least: fewestTypes, byDefault: 2 }),
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
    sepTokenId: reader.integer('sep_token_id', { byDefault: 66 }),
    tiedWords: reader.flag('tie_word_embeddings', true),
    labels: readLabels(reader),
  };
}

function readBlocks(reader: ConfigReader): BigBirdBlocks | undefined {
  const type = reader.oneOf('attention_type', ['block_sparse', 'original_full'], 'block_sparse');
  const size = reader.integer('block_size', { least: 1, byDefault: 64 });
  const random = reader.integer('num_random_blocks', { byDefault: 3 });
  return type === 'block_sparse' ? { size, random } : undefined;
}
