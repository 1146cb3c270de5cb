/** Sizes of published models of ModernBERT's kind, for checkpoints of random weights. */
import type { JsonObject } from '@attn/core';

/** Numbers of layers, of heads, and widths of the layers and of what is inside them. */
function sizes(layers: number, width: number, heads: number, inside: number): JsonObject {
  return {
    num_hidden_layers: layers,
    hidden_size: width,
    num_attention_heads: heads,
    intermediate_size: inside,
  };
}

const COMMON = {
  model_type: 'modernbert',
  architectures: ['ModernBertModel'],
  attention_bias: false,
  classifier_pooling: 'mean',
  global_attn_every_n_layers: 3,
  global_rope_theta: 160_000,
  hidden_activation: 'gelu',
  local_attention: 128,
  local_rope_theta: 10_000,
  max_position_embeddings: 8192,
  mlp_bias: false,
  norm_bias: false,
  norm_eps: 1e-5,
  pad_token_id: 50_283,
  vocab_size: 50_368,
} as const;

const BASE = sizes(22, 768, 12, 1152);
const LARGE = sizes(28, 1024, 16, 2624);

/** Ettin and mmBERT turn all layers alike. */
const EVEN = { ...COMMON, local_rope_theta: 160_000 } as const;

const MULTILINGUAL = { ...EVEN, pad_token_id: 0, vocab_size: 256_000 } as const;

/** The names of the presets. */
type Preset =
  | 'modernbert-base'
  | 'modernbert-large'
  | 'gte-modernbert-base'
  | 'granite-embedding-english-r2'
  | 'mmbert-small'
  | 'mmbert-base'
  | 'ettin-encoder-17m'
  | 'ettin-encoder-32m'
  | 'ettin-encoder-68m'
  | 'ettin-encoder-150m'
  | 'ettin-encoder-400m'
  | 'ettin-encoder-1b';

/** Configs of published models by name. */
export const MODERNBERT_PRESETS: Readonly<Record<Preset, JsonObject>> = {
  'modernbert-base': { ...COMMON, ...BASE },
  'modernbert-large': { ...COMMON, ...LARGE },
  'gte-modernbert-base': { ...COMMON, ...BASE, classifier_pooling: 'cls' },
  'granite-embedding-english-r2': {
    ...COMMON,
    ...BASE,
    classifier_pooling: 'cls',
    global_rope_theta: 80_000,
  },
  'mmbert-small': { ...MULTILINGUAL, ...sizes(22, 384, 6, 1152) },
  'mmbert-base': { ...MULTILINGUAL, ...BASE },
  'ettin-encoder-17m': { ...EVEN, ...sizes(7, 256, 4, 384) },
  'ettin-encoder-32m': { ...EVEN, ...sizes(10, 384, 6, 576) },
  'ettin-encoder-68m': { ...EVEN, ...sizes(19, 512, 8, 768) },
  'ettin-encoder-150m': { ...EVEN, ...BASE },
  'ettin-encoder-400m': { ...EVEN, ...LARGE },
  'ettin-encoder-1b': { ...EVEN, ...sizes(28, 1792, 28, 3840) },
};
