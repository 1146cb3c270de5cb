/** Sizes of published models of BERT's kin, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

const BASE = {
  hidden_act: 'gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
} as const;

const BERT = {
  ...BASE,
  model_type: 'bert',
  architectures: ['BertModel'],
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 30_522,
} as const;

const ROBERTA = {
  ...BASE,
  model_type: 'roberta',
  architectures: ['RobertaModel'],
  layer_norm_eps: 1e-5,
  max_position_embeddings: 514,
  pad_token_id: 1,
  type_vocab_size: 1,
  vocab_size: 50_265,
} as const;

const XLM_ROBERTA = {
  ...ROBERTA,
  model_type: 'xlm-roberta',
  architectures: ['XLMRobertaModel'],
  vocab_size: 250_002,
} as const;

/** Configs of published models by name. */
export const BERT_PRESETS: Readonly<
  Record<
    | 'bert-base-uncased'
    | 'roberta-base'
    | 'xlm-roberta-base'
    | 'distilbert-base-uncased'
    | 'mpnet-base'
    | 'all-MiniLM-L6-v2'
    | 'bge-m3',
    JsonObject
  >
> = {
  'bert-base-uncased': BERT,
  'roberta-base': ROBERTA,
  'xlm-roberta-base': XLM_ROBERTA,
  'distilbert-base-uncased': {
    model_type: 'distilbert',
    architectures: ['DistilBertModel'],
    activation: 'gelu',
    dim: 768,
    hidden_dim: 3072,
    max_position_embeddings: 512,
    n_heads: 12,
    n_layers: 6,
    pad_token_id: 0,
    vocab_size: 30_522,
  },
  'mpnet-base': {
    ...BASE,
    model_type: 'mpnet',
    architectures: ['MPNetModel'],
    layer_norm_eps: 1e-5,
    max_position_embeddings: 514,
    pad_token_id: 1,
    relative_attention_num_buckets: 32,
    vocab_size: 30_527,
  },
  'all-MiniLM-L6-v2': { ...BERT, hidden_size: 384, intermediate_size: 1536, num_hidden_layers: 6 },
  'bge-m3': {
    ...XLM_ROBERTA,
    hidden_size: 1024,
    intermediate_size: 4096,
    max_position_embeddings: 8194,
    num_attention_heads: 16,
    num_hidden_layers: 24,
  },
};
