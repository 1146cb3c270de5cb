/**
 * Reads and checks a config.json of NomicBERT, in both of its spellings: that of Hugging Face's library, and
 * that of the published checkpoints, whose fields have GPT-2's names and describe variants that none of them
 * uses.
 */
import { type JsonObject } from '@attn/core';
import { LAYER_COUNT, readActivation, readWidth } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import { readRope, ropeOf } from '../encoder/rope.ts';
import { readSizes, type BertConfig } from '../bert/config.ts';
import { readClass } from '../bert/tasks.ts';

const WHERE = 'models/nomic';

/** The value of `model_type`. */
export const MODEL_TYPE = 'nomic_bert';

const CLASSES = {
  begins: ['NomicBert'],
  tasks: ['states', 'maskedLm', 'sequence', 'token'],
} as const;

/** What the published code can do and no published checkpoint of this kind does. */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  prenorm: [false],
  parallel_block: [false],
  causal: [false],
  use_rms_norm: [false],
  qkv_proj_bias: [false],
  mlp_fc1_bias: [false],
  mlp_fc2_bias: [false],
  rotary_emb_fraction: [1],
  rotary_emb_interleaved: [false],
  rotary_emb_scale_base: [],
  rotary_scaling_factor: [],
  scale_attn_weights: [true],
  scale_attn_by_inverse_layer_idx: [false],
};

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture, experts, and
 * everything else that the published checkpoints of this kind do not have.
 *
 * @param name replaces the class that the file names
 */
export function readNomicConfig(json: JsonObject, name?: string): BertConfig {
  const reader = new ConfigReader(json);
  const { architecture, task } = readClass(WHERE, name ?? reader.texts('architectures')[0], CLASSES);
  checkSupported(WHERE, reader, {
    num_experts: [0],
    moe_every_n_layers: [0],
    position_embedding_type: ['absolute', 'rotary'],
    is_decoder: [false],
    add_cross_attention: [false],
    ...ONLY,
  });
  const isPublished = reader.field('n_embd') !== undefined && reader.field('hidden_size') === undefined;
  return { architecture, task, ...(isPublished ? published(reader) : today(reader)) };
}

/** The fields that do not follow from the class. */
type Fields = Omit<BertConfig, 'architecture' | 'task'>;

/** What is the same in both spellings, and in all models. */
function common(
  reader: ConfigReader,
): Pick<BertConfig, 'rowActivation' | 'tokenTypes' | 'relativeBuckets' | 'padTokenId'> {
  return {
    rowActivation: 'tanh',
    tokenTypes: reader.integer('type_vocab_size', { least: 1, byDefault: 2 }),
    relativeBuckets: 0,
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
  };
}

/** The spelling of Hugging Face's library, which newer published checkpoints have beside the other. */
function today(reader: ConfigReader): Fields {
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 12 });
  const hiddenSize = readWidth(reader, 'hidden_size', 'num_attention_heads', heads);
  const width = hiddenSize / heads;
  checkSupported(WHERE, reader, { head_dim: [width] });
  const maxPositions = reader.integer('max_position_embeddings', { least: 1, byDefault: 2048 });
  const theta = reader.number('rotary_emb_base', { least: 1e-6, byDefault: 1000 });
  const eps = reader.number('layer_norm_epsilon', { byDefault: 1e-12 });
  const activation = readActivation(reader, 'hidden_act', 'silu');
  return {
    ...common(reader),
    ...readSizes(reader),
    hiddenSize,
    layers: reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 12 }),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 3072 }),
    activation,
    headActivation: activation,
    layerNormEps: reader.number('layer_norm_eps', { byDefault: eps }),
    positions: { kind: 'rotary', rope: ropeOf(reader, { width, maxPositions, theta }) },
    maxLength: reader.integer('n_positions', { least: 1, byDefault: maxPositions }),
  };
}

/** Activations of the gate, as the published checkpoints call them. */
const GATES = { swiglu: 'silu', geglu: 'gelu', glu: 'sigmoid' } as const;

/** The spelling of the published checkpoints. Fields with risky defaults of the original's must be there. */
function published(reader: ConfigReader): Fields {
  reader.number('rotary_emb_fraction');
  const heads = reader.integer('n_head', { least: 1 });
  const hiddenSize = readWidth(reader, 'n_embd', 'n_head', heads);
  const maxLength = reader.integer('n_positions', { least: 1 });
  const theta = reader.number('rotary_emb_base', { least: 1e-6 });
  const activation = readActivation(reader, 'activation_function', 'swiglu', GATES);
  const sizes = readSizes(reader);
  const multiple = reader.integer('pad_vocab_size_multiple', { least: 1, byDefault: 1 });
  return {
    ...common(reader),
    ...sizes,
    vocabSize: Math.ceil(sizes.vocabSize / multiple) * multiple,
    hiddenSize,
    layers: reader.integer('n_layer', LAYER_COUNT),
    heads,
    intermediateSize: reader.integer('n_inner', { least: 1 }),
    activation,
    headActivation: activation,
    lacksHeadBias: true,
    layerNormEps: reader.number('layer_norm_epsilon'),
    positions: {
      kind: 'rotary',
      rope: readRope(
        { rope_theta: theta },
        { width: hiddenSize / heads, maxPositions: maxLength, name: 'rotary_emb_base' },
      ),
    },
    maxLength,
  };
}
