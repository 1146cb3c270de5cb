// A bad config.json gets one typed sentence that names the field, in every family.
import { AttnError, type Json, type JsonObject } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { canonicalCheckpoint } from './checkpoint/canonical.ts';
import { memoryCheckpoint } from './checkpoint/memory.ts';
import { findFamily } from './families.ts';
import { readGolden } from './testing/goldens.testing.ts';

/** Fields that mean the same in all families, by the names that most give them. */
const COMMON: readonly (readonly [field: string, ...wrong: readonly Json[]])[] = [
  ['hidden_size', 0, -8, 7.5, 'wide', [8], true],
  ['num_hidden_layers', 0, 'two', 1e9],
  ['num_attention_heads', 0, 'two'],
  ['intermediate_size', 0, 'wide'],
  ['vocab_size', 0, 'all', 2 ** 40],
  ['hidden_act', 'gelu_of_tomorrow', 5],
  ['layer_norm_eps', 'small', -1],
  ['max_position_embeddings', 0, 'far'],
  ['type_vocab_size', 0, 'two'],
  ['pad_token_id', -1, 'pad'],
  ['architectures', 'BertModel', ['NobodyForNothing']],
  ['tie_word_embeddings', 'yes', 1],
  ['id2label', 'labels', 5],
];

/** What changes the numbers of BERT and its kin, and is not computed. */
const OF_BERT: readonly (readonly [field: string, ...wrong: readonly Json[]])[] = [
  ['position_embedding_type', 'relative_key', 'relative_key_query', 5],
  ['is_decoder', true],
  ['add_cross_attention', true],
];

/** What most call `hidden_size`, and so on, is called so; null where there is no such field. */
type Names = Readonly<Record<string, string | null>>;

const NO_TYPES: Names = { type_vocab_size: null };
const LLAMA: Names = { layer_norm_eps: 'rms_norm_eps', type_vocab_size: null };

/** Sizes of the encoder; the decoder's names are like them. */
const OF_BART: Names = {
  hidden_size: 'd_model',
  num_hidden_layers: 'decoder_layers',
  num_attention_heads: 'encoder_attention_heads',
  intermediate_size: 'decoder_ffn_dim',
  hidden_act: 'activation_function',
  layer_norm_eps: null,
  max_position_embeddings: 'max_decoder_position_embeddings',
  ...NO_TYPES,
};

/** [golden, names of fields, further rows]. */
const FAMILIES: readonly (readonly [string, Names, readonly (readonly [string, ...Json[]])[]])[] = [
  ['bert_sequence_classification', {}, OF_BERT],
  ['classic/bert/roberta_sequence', {}, OF_BERT],
  ['classic/bert/mpnet_encoder', NO_TYPES, [...OF_BERT, ['relative_attention_num_buckets', 0, 'many']]],
  [
    'classic/bert/distilbert_sequence',
    {
      hidden_size: 'dim',
      num_hidden_layers: 'n_layers',
      num_attention_heads: 'n_heads',
      intermediate_size: 'hidden_dim',
      hidden_act: 'activation',
      layer_norm_eps: null,
      ...NO_TYPES,
    },
    OF_BERT,
  ],
  [
    'heads/rotary/nomic_sequence',
    {},
    [...OF_BERT, ['rope_parameters', 5, { rope_type: 'of_tomorrow' }, { rope_theta: 'x' }]],
  ],
  [
    'heads/rotary/nomic_bert_2048',
    {
      hidden_size: 'n_embd',
      num_hidden_layers: 'n_layer',
      num_attention_heads: 'n_head',
      intermediate_size: 'n_inner',
      hidden_act: 'activation_function',
      layer_norm_eps: 'layer_norm_epsilon',
      max_position_embeddings: 'n_positions',
      id2label: null,
    },
    [
      ...OF_BERT,
      ['rotary_emb_base', 'x', 0],
      ['rotary_emb_fraction', 0.5, 'x'],
      ['rotary_emb_interleaved', true],
      ['prenorm', true],
      ['causal', true],
      ['qkv_proj_bias', true],
      ['num_experts', 8],
    ],
  ],
  [
    'heads/rotary/jina_sequence',
    {},
    [...OF_BERT, ['rope_parameters', 5, { rope_type: 'of_tomorrow' }, { rope_theta: 'x' }]],
  ],
  [
    'heads/jina/jina_adapters',
    { id2label: null },
    [
      ['lora_rank', 0, 'x'],
      ['lora_adaptations', 'all', [5]],
    ],
  ],
  [
    'heads/alibi/jina_v2_encoder',
    { hidden_act: null },
    [...OF_BERT, ['feed_forward_type', 'original', 'swiglu', 5]],
  ],
  [
    'today/models/mb_sequence_cls',
    { hidden_act: 'hidden_activation', layer_norm_eps: 'norm_eps', ...NO_TYPES },
    [
      ...OF_BERT,
      ['classifier_pooling', 'max', 5],
      ['local_attention', -1, 'x'],
      ['layer_types', ['chunked_attention'], 5],
      ['rope_parameters', 5, { full_attention: { rope_type: 'of_tomorrow' } }],
    ],
  ],
  [
    'heads/gemma/gemma_sequence',
    { ...LLAMA, hidden_act: 'hidden_activation' },
    [
      ['head_dim', 0, 'x'],
      ['num_key_value_heads', 0, 3],
      ['sliding_window', 0, 'x'],
      ['rope_parameters', 5, { full_attention: { rope_type: 'of_tomorrow' } }],
    ],
  ],
  [
    'today/embeddinggemma2/e2_encoder',
    { ...LLAMA, hidden_act: 'hidden_activation', tie_word_embeddings: null, id2label: null },
    [
      ['embedding_dim', 0, 'x'],
      ['hidden_size_per_layer_input', 0, 'x'],
      ['enable_moe_block', true],
    ],
  ],
  [
    'today/models/q3_sequence',
    LLAMA,
    [
      ['head_dim', 0, 'x'],
      ['num_key_value_heads', 0, 3],
      ['rope_parameters', 5, { rope_type: 'of_tomorrow', rope_theta: 5 }],
    ],
  ],
  [
    'classic/bigbird/bigbird_sequence',
    {},
    [
      ...OF_BERT,
      ['attention_type', 'sparse', 5],
      ['block_size', 0, 'x'],
      ['num_random_blocks', -1, 'x'],
      ['use_bias', 'yes'],
    ],
  ],
  [
    'today/models/pf_yarn',
    { ...LLAMA, hidden_act: null, tie_word_embeddings: null },
    [
      ['num_local_experts', 0, 'x'],
      ['num_experts_per_tok', 0, 1_000],
      ['sliding_window', -1, 'x'],
      ['layer_types', ['full_attention'], 5],
      ['rope_parameters', 5, { rope_type: 'of_tomorrow' }],
    ],
  ],
  ['longformer_sequence_classification', { tie_word_embeddings: null }, [['attention_window', 0, 'x', [2]]]],
  [
    'heads/led/led_sequence',
    OF_BART,
    [
      ['max_encoder_position_embeddings', 0, 'far'],
      ['attention_window', 0, 5, [2]],
    ],
  ],
  [
    'heads/bart/bart_sequence',
    { ...OF_BART, max_position_embeddings: 'max_position_embeddings' },
    [
      ['normalize_before', true],
      ['normalize_embedding', false],
      ['add_final_layer_norm', true],
      ['static_position_embeddings', true],
      ['scale_embedding', 'yes'],
    ],
  ],
  [
    'reformer_lm',
    {
      ...NO_TYPES,
      num_hidden_layers: null,
      intermediate_size: 'feed_forward_size',
      tie_word_embeddings: null,
    },
    [['attn_layers', 5, ['conv']]],
  ],
];

describe.each(FAMILIES)('%s', async (id, names, more) => {
  const { checkpoint } = await readGolden(id);
  const { config } = checkpoint;
  const family = await findFamily(canonicalCheckpoint(checkpoint).config);

  const renamed = COMMON.flatMap(([field, ...wrong]) => {
    const own = names[field] === undefined ? field : names[field];
    return own === null ? [] : [[own, ...wrong] as const];
  });
  const rows = [...renamed, ...more].flatMap(([field, ...wrong]) =>
    wrong.map((value) => [field, value] as const),
  );

  test.each(rows)('%s: %j', async (field, value) => {
    const error = await errorOf({ ...config, [field]: value });
    expect(error.code).toMatch(/^(MALFORMED_FILE|UNSUPPORTED)$/);
    const name = field === 'architectures' ? 'architecture' : field;
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('\n');
  });
  // Of these, the width of a head is a field of its own.
  const divides = ['head_dim', 'attention_head_size'].every((field) => config[field] === undefined);
  if (divides)
    test('heads that do not divide the width', async () => {
      const heads = names.num_attention_heads ?? 'num_attention_heads';
      expect((await errorOf({ ...config, [heads]: 5 })).message).toMatch(/heads|n_head/);
    });

  /** What a model of this config gets, of a checkpoint without tensors. */
  async function errorOf(json: JsonObject): Promise<AttnError> {
    const tensors = new Map(
      await Promise.all(checkpoint.names.map(async (name) => [name, await checkpoint.tensor(name)] as const)),
    );
    const loading = family?.load(memoryCheckpoint(json, tensors, id));
    const error: unknown = await loading?.then(
      () => new Error('the config was taken'),
      (reason: unknown) => reason,
    );
    if (error instanceof AttnError) return error;
    throw error;
  }
});
