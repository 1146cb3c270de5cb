/**
 * Reads and checks a config.json of BERT and of the models that differ from it by names and details: RoBERTa,
 * XLM-RoBERTa, CamemBERT, DistilBERT, MPNet.
 */
import { type Activation, type JsonObject } from '@attn/core';
import { LAYER_COUNT, readActivation, readLabels, readWidth } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import type { Rope } from '../encoder/rope.ts';
import { slopesOf } from './alibi.ts';
import { COMMON_TASKS, readClass, type BertTask, type Classes } from './tasks.ts';

const WHERE = 'models/bert';

/** Values of `model_type`. */
export const MODEL_TYPES = ['bert', 'roberta', 'xlm-roberta', 'camembert', 'distilbert', 'mpnet'] as const;

/** A value of `model_type`. */
export type BertType = (typeof MODEL_TYPES)[number];

/** How a model tells one position from another. */
export type BertPositions =
  | {
      readonly kind: 'table';
      /** Rows of the position embeddings. */
      readonly rows: number;
      /** Position of the first token. */
      readonly first: number;
      /** Tokens of this id are not counted: their position is `first` - 1. Absent where all are counted. */
      readonly skippedId?: number;
    }
  | { readonly kind: 'rotary'; readonly rope: Rope }
  | {
      /** ALiBi: what a key is far from its query is taken off its logit, times a factor of each head. */
      readonly kind: 'alibi';
      readonly slopes: readonly number[];
    };

/** Everything that the graph of BERT, or of a model of its kin, depends on. */
export interface BertConfig {
  readonly architecture: string;
  readonly task: BertTask;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  /** Activation in the head of a masked language model. */
  readonly headActivation: Activation;
  /** Activation between the first token and the classifier, where there is no pooler. */
  readonly rowActivation: Activation;
  readonly layerNormEps: number;
  readonly positions: BertPositions;
  /** Most tokens that a row should have. */
  readonly maxLength: number;
  /** Rows of the token type embeddings; 0 when there are none. */
  readonly tokenTypes: number;
  /** Rows of the relative position biases that all layers share; 0 when there are none. */
  readonly relativeBuckets: number;
  readonly padTokenId: number;
  /** Whether the table of words is also the last layer of a language model. */
  readonly isTied: boolean;
  /** Classes that a classifier tells apart. */
  readonly labels: number;
  /** Whether the layers of a masked language model's head have no biases. */
  readonly lacksHeadBias?: boolean;
  /** The tasks that there are adapters for; absent where there are none. */
  readonly tasks?: BertTasks | undefined;
}

/** Tasks with adapters, in the order in which these are stored. */
export interface BertTasks {
  /** The text that stands before the texts of each task. */
  readonly prompts: ReadonlyMap<string, string>;
  /** The rank of the adapters. */
  readonly rank: number;
  /** Factor on what they add. */
  readonly scale: number;
}

/** The classes of jina-embeddings-v2: a BERT with ALiBi and gates. */
const ALIBI: Classes = { begins: ['JinaBert', 'Bert'], tasks: ['states', 'maskedLm', 'sequence'] };

const CLASSES: Readonly<Record<BertType, Classes>> = {
  bert: { begins: ['Bert'], tasks: [...COMMON_TASKS, 'preTraining', 'nextSentence'] },
  roberta: { begins: ['Roberta'], tasks: COMMON_TASKS },
  'xlm-roberta': { begins: ['XLMRoberta', 'Roberta'], tasks: COMMON_TASKS },
  camembert: { begins: ['Camembert', 'Roberta'], tasks: COMMON_TASKS },
  distilbert: { begins: ['DistilBert'], tasks: COMMON_TASKS },
  mpnet: { begins: ['MPNet'], tasks: COMMON_TASKS },
};

/** The id that MPNet's code does not count, whatever the config's `pad_token_id` says. */
const MPNET_SKIPPED = 1;

/** How many relative position biases MPNet's code uses, whatever the size of the table. */
const MPNET_BUCKETS = 32;

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture, positions that
 * are not absolute, and decoders.
 *
 * @param name replaces the class that the file names
 */
export function readBertConfig(json: JsonObject, name?: string): BertConfig & { readonly type: BertType } {
  const reader = new ConfigReader(json);
  const type = reader.oneOf('model_type', MODEL_TYPES);
  const isAlibi = type === 'bert' && reader.field('position_embedding_type') === 'alibi';
  const classes = isAlibi ? ALIBI : CLASSES[type];
  checkSupported(WHERE, reader, {
    position_embedding_type: isAlibi ? ['alibi'] : ['absolute'],
    feed_forward_type: isAlibi ? ['geglu', 'reglu'] : ['original'],
    is_decoder: [false],
    add_cross_attention: [false],
  });
  const { architecture, task } = readClass(WHERE, name ?? reader.texts('architectures')[0], classes);
  return {
    type,
    architecture,
    task,
    ...(type === 'distilbert' ? distilBert(reader) : likeBert(reader, type)),
    ...(isAlibi && readAlibi(reader)),
  };
}

/** The fields that do not follow from the class. */
type Fields = Omit<BertConfig, 'architecture' | 'task'>;

function likeBert(reader: ConfigReader, type: Exclude<BertType, 'distilbert'>): Fields {
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 12 });
  const padTokenId = reader.integer('pad_token_id', { byDefault: type === 'bert' ? 0 : 1 });
  const activation = readActivation(reader, 'hidden_act', 'gelu');
  const skippedId = type === 'bert' ? undefined : type === 'mpnet' ? MPNET_SKIPPED : padTokenId;
  return {
    ...readSizes(reader),
    hiddenSize: readWidth(reader, 'hidden_size', 'num_attention_heads', heads),
    layers: reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 12 }),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 3072 }),
    activation,
    headActivation: type === 'bert' ? activation : 'gelu',
    rowActivation: 'tanh',
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-12 }),
    ...readPositions(reader, skippedId),
    tokenTypes: type === 'mpnet' ? 0 : reader.integer('type_vocab_size', { least: 1, byDefault: 2 }),
    relativeBuckets:
      type === 'mpnet'
        ? reader.integer('relative_attention_num_buckets', { least: MPNET_BUCKETS, byDefault: MPNET_BUCKETS })
        : 0,
    padTokenId,
  };
}

/** DistilBERT has names of its own, no token types, and an eps that no field says. */
function distilBert(reader: ConfigReader): Fields {
  const heads = reader.integer('n_heads', { least: 1, byDefault: 12 });
  const activation = readActivation(reader, 'activation', 'gelu');
  return {
    ...readSizes(reader),
    hiddenSize: readWidth(reader, 'dim', 'n_heads', heads),
    layers: reader.integer('n_layers', { ...LAYER_COUNT, byDefault: 6 }),
    heads,
    intermediateSize: reader.integer('hidden_dim', { least: 1, byDefault: 3072 }),
    activation,
    headActivation: activation,
    rowActivation: 'relu',
    layerNormEps: 1e-12,
    ...readPositions(reader, undefined),
    tokenTypes: 0,
    relativeBuckets: 0,
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
  };
}

/** What jina-embeddings-v2 has in other ways than BERT. */
function readAlibi(reader: ConfigReader): Pick<BertConfig, 'positions' | 'maxLength' | 'activation'> {
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 12 });
  const maxLength = reader.integer('max_position_embeddings', { least: 1, byDefault: 512 });
  const gate = reader.oneOf('feed_forward_type', ['geglu', 'reglu']);
  return {
    positions: { kind: 'alibi', slopes: slopesOf(heads) },
    maxLength,
    activation: gate === 'geglu' ? 'gelu' : 'relu',
  };
}

/** Fields that all of these models call alike. */
export function readSizes(reader: ConfigReader): Pick<BertConfig, 'vocabSize' | 'isTied' | 'labels'> {
  return {
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    isTied: reader.flag('tie_word_embeddings', true),
    labels: readLabels(reader),
  };
}

function readPositions(
  reader: ConfigReader,
  skippedId: number | undefined,
): Pick<BertConfig, 'positions' | 'maxLength'> {
  const first = skippedId === undefined ? 0 : skippedId + 1;
  const rows = reader.integer('max_position_embeddings', { least: first + 1, byDefault: 512 });
  return { positions: { kind: 'table', rows, first, skippedId }, maxLength: rows - first };
}
