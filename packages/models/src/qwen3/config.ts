/**
 * Reads and checks a config.json of Qwen 3, in the spellings of 2025 and of today.
 * Yang et al. 2025, https://arxiv.org/abs/2505.09388
 */
import { AttnError, type Activation, type JsonObject } from '@attn/core';
import {
  checkArchitecture,
  LAYER_COUNT,
  readActivation,
  readEndTokens,
  readLabels,
} from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { readGroupedHeads, type GroupedHeads } from '../encoder/grouped-attention.ts';
import { readLayerTypes } from '../encoder/layer-types.ts';
import { readRope, type Rope } from '../encoder/rope.ts';

const WHERE = 'models/qwen3';

/** Classes of the original that can be loaded. */
const ARCHITECTURES = [
  'Qwen3Model',
  'Qwen3ForCausalLM',
  'Qwen3ForSequenceClassification',
  'Qwen3ForTokenClassification',
  'Qwen3ForQuestionAnswering',
] as const;

/** A class of the original that can be loaded. */
export type Qwen3Architecture = (typeof ARCHITECTURES)[number];

/** Everything that the graph of a model depends on. */
export interface Qwen3Config {
  readonly architecture: Qwen3Architecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly eps: number;
  readonly heads: GroupedHeads;
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
  /** For each layer, how many keys a query sees with its own; undefined where it sees all before it. */
  readonly windows: readonly (number | undefined)[];
  readonly rope: Rope;
  /** Whether the table of words is also the last layer of a language model. */
  readonly tied: boolean;
  readonly labels: number;
  readonly maxPositions: number;
  /** Undefined in models that no batch is padded for. */
  readonly padTokenId: number | undefined;
  readonly endTokens: readonly number[];
}

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or rope.
 *
 * @param architecture replaces the class that the file names
 */
export function readQwen3Config(json: JsonObject, architecture?: string): Qwen3Config {
  const reader = new ConfigReader(json);
  const heads = readGroupedHeads(reader, { headDim: 128 });
  const maxPositions = reader.integer('max_position_embeddings', { least: 1 });
  return {
    architecture: checkArchitecture(
      WHERE,
      architecture ?? reader.texts('architectures')[0] ?? 'Qwen3Model',
      ARCHITECTURES,
    ),
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    hiddenSize: reader.integer('hidden_size', { least: 1 }),
    intermediateSize: reader.integer('intermediate_size', { least: 1 }),
    activation: readActivation(reader, 'hidden_act', 'silu'),
    eps: reader.number('rms_norm_eps', { byDefault: 1e-6 }),
    heads,
    attentionBias: reader.flag('attention_bias', false),
    windows: readWindows(reader),
    rope: readQwenRope(reader, { width: heads.headDim, maxPositions }),
    tied: reader.flag('tie_word_embeddings', false),
    labels: readLabels(reader),
    maxPositions,
    padTokenId: reader.field('pad_token_id') === undefined ? undefined : reader.integer('pad_token_id'),
    endTokens: readEndTokens(reader),
  };
}

/**
 * With `use_sliding_window`, layers from `max_window_layers` on have a window, unless `layer_types` says
 * which.
 */
function readWindows(reader: ConfigReader): readonly (number | undefined)[] {
  const count = reader.integer('num_hidden_layers', LAYER_COUNT);
  const isUsed = reader.flag('use_sliding_window', false);
  const first = reader.integer('max_window_layers', { byDefault: 28 });
  const types = readLayerTypes(reader, count, (layer) => !isUsed || layer < first);
  if (!types.includes('sliding_attention')) return types.map(() => undefined);
  if (!isUsed) {
    const message = `config.json: layer_types must be full_attention without use_sliding_window, got sliding_attention`;
    throw new AttnError('MALFORMED_FILE', 'models/config', message);
  }
  const window = reader.integer('sliding_window', { least: 1 });
  return types.map((type) => (type === 'full_attention' ? undefined : window));
}

/**
 * The rope: `rope_parameters`, or as in 2025 `rope_theta` and `rope_scaling`. A theta must be there: the
 * original's own default is not that of any published model.
 */
function readQwenRope(
  reader: ConfigReader,
  context: { readonly width: number; readonly maxPositions: number },
): Rope {
  const parameters = reader.object('rope_parameters') ?? {};
  const scaling = reader.object('rope_scaling');
  const theta =
    parameters.rope_theta ??
    (reader.field('rope_theta') === undefined ? undefined : reader.number('rope_theta'));
  return readRope(
    { ...(theta !== undefined && { rope_theta: theta }), ...(scaling ?? parameters) },
    { ...context, name: scaling ? 'rope_scaling' : 'rope_parameters' },
  );
}
