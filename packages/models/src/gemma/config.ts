/**
 * Reads and checks a config.json of Gemma 3's text models, in the spellings of 2025 and of today.
 * EmbeddingGemma is one whose attention goes both ways: Vera et al. 2025, https://arxiv.org/abs/2509.20354
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
import { readLayerTypes, type LayerType } from '../encoder/layer-types.ts';
import { readRope, type Rope } from '../encoder/rope.ts';

/** Names errors of this family. */
export const WHERE = 'models/gemma-embedding';

/** Classes of Gemma 3's text models. */
export const GEMMA3 = [
  'Gemma3TextModel',
  'Gemma3ForCausalLM',
  'Gemma3TextForSequenceClassification',
] as const;

/** Classes of EmbeddingGemma 2, of which there is the part that reads texts. */
export const GEMMA_EMBEDDING_2 = ['EmbeddingGemma2TextModel', 'EmbeddingGemma2Model'] as const;

/** A class of the original that can be loaded. */
export type GemmaArchitecture = (typeof GEMMA3)[number] | (typeof GEMMA_EMBEDDING_2)[number];

/** What the layers of a model may differ in. */
export interface GemmaLayer {
  readonly heads: GroupedHeads;
  /** Keys before and after the query; undefined where the layer sees all. */
  readonly window: { readonly before: number; readonly after: number } | undefined;
  /** Name of its rope in the config's `ropes`. */
  readonly rope: string;
}

/** Everything that the graph of a model depends on. */
export interface GemmaConfig {
  readonly architecture: GemmaArchitecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly eps: number;
  readonly layers: readonly GemmaLayer[];
  readonly ropes: ReadonlyMap<string, Rope>;
  /** Whether no token sees a later one. */
  readonly causal: boolean;
  /** Factor on the scores. */
  readonly scale: number;
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
  /** What is added to the weights of norms: Gemma 3 stores them less 1. */
  readonly normOffset: 0 | 1;
  /** Whether values are normalised, too. */
  readonly normValues: boolean;
  /** EmbeddingGemma 2: the width of what each layer is given of the embeddings. */
  readonly perLayerWidth: number | undefined;
  /** EmbeddingGemma 2: the width of the states that the model returns. */
  readonly embeddingDim: number | undefined;
  /** Whether the table of words is also the last layer of a language model. */
  readonly tied: boolean;
  /** Logits y of a language model become tanh(y / cap) · cap. */
  readonly logitCap: number | undefined;
  readonly labels: number;
  readonly maxPositions: number;
  readonly padTokenId: number;
  readonly endTokens: readonly number[];
}

/** Every this many layers, one sees all, where the config does not say more. */
const PATTERN = 6;

/** Thetas of the layers that see all, and of those with a window. */
const THETAS: Readonly<Record<LayerType, number>> = { full_attention: 1e6, sliding_attention: 1e4 };

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or rope.
 *
 * @param architecture replaces the class that the file names
 */
export function readGemma3Config(json: JsonObject, architecture?: string): GemmaConfig {
  const reader = new ConfigReader(json);
  const name = checkArchitecture(
    WHERE,
    architecture ?? reader.texts('architectures')[0] ?? 'Gemma3TextModel',
    GEMMA3,
  );
  const heads = readGroupedHeads(reader, { headDim: 256 });
  const causal = !reader.flag('use_bidirectional_attention', false);
  const count = reader.integer('num_hidden_layers', LAYER_COUNT);
  const every = reader.integer('sliding_window_pattern', { least: 1, byDefault: PATTERN });
  const types = readLayerTypes(reader, count, (layer) => (layer + 1) % every === 0);
  // A file has the whole width of a window that goes both ways, and the keys of one that looks back.
  const width = reader.integer('sliding_window', { least: 1, byDefault: 4096 });
  const side = Math.floor(width / 2);
  const window = causal ? { before: width - 1, after: 0 } : { before: side, after: side };
  return {
    ...readSizes(reader),
    architecture: name,
    layers: types.map((type) => ({
      heads,
      window: type === 'full_attention' ? undefined : window,
      rope: type,
    })),
    ropes: readRopes(reader, heads.headDim),
    causal,
    scale: 1 / Math.sqrt(reader.number('query_pre_attn_scalar', { least: 1e-6, byDefault: 256 })),
    normOffset: 1,
    normValues: false,
    perLayerWidth: undefined,
    embeddingDim: undefined,
    tied: reader.flag('tie_word_embeddings', true),
    logitCap:
      reader.field('final_logit_softcapping') === undefined
        ? undefined
        : reader.number('final_logit_softcapping', { least: 1e-6 }),
    labels: readLabels(reader),
  };
}

/** The fields that all configs of the family have. */
type Sizes = Pick<
  GemmaConfig,
  | 'vocabSize'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'activation'
  | 'eps'
  | 'attentionBias'
  | 'maxPositions'
  | 'padTokenId'
  | 'endTokens'
>;

/** Reads the fields that all configs of the family have. Errors: `MALFORMED_FILE`. */
export function readSizes(reader: ConfigReader): Sizes {
  return {
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    hiddenSize: reader.integer('hidden_size', { least: 1 }),
    intermediateSize: reader.integer('intermediate_size', { least: 1 }),
    activation: readActivation(reader, 'hidden_activation', 'gelu_pytorch_tanh'),
    eps: reader.number('rms_norm_eps', { byDefault: 1e-6 }),
    attentionBias: reader.flag('attention_bias', false),
    maxPositions: reader.integer('max_position_embeddings', { least: 1 }),
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
    endTokens: readEndTokens(reader, [1]),
  };
}

/**
 * The ropes of both types of layers: `rope_parameters` by type, or as in 2025 `rope_theta` and `rope_scaling`
 * for the layers that see all, and `rope_local_base_freq` for the others.
 */
function readRopes(reader: ConfigReader, width: number): ReadonlyMap<string, Rope> {
  const parameters = ropeParameters(reader) ?? {};
  const maxPositions = reader.integer('max_position_embeddings', { least: 1 });
  const rope = (type: LayerType, thetaField: string, scaling?: JsonObject): [string, Rope] => {
    const name = `rope_parameters.${type}`;
    const theta = reader.number(thetaField, { least: 1e-6, byDefault: THETAS[type] });
    const own = new ConfigReader(parameters, 'config.json: rope_parameters').object(type);
    const merged = scaling
      ? { ...(own?.rope_theta !== undefined && { rope_theta: own.rope_theta }), ...scaling }
      : own;
    return [type, readRope(merged ?? {}, { width, maxPositions, theta, name })];
  };
  return new Map([
    rope('full_attention', 'rope_theta', reader.object('rope_scaling')),
    rope('sliding_attention', 'rope_local_base_freq'),
  ]);
}

/**
 * The field `rope_parameters`, which has an object for each type of layer. Errors: `MALFORMED_FILE` for one
 * that has not, whose parameters would be lost.
 */
export function ropeParameters(reader: ConfigReader): JsonObject | undefined {
  const parameters = reader.object('rope_parameters');
  const types = Object.keys(THETAS);
  if (parameters === undefined || Object.keys(parameters).every((type) => types.includes(type)))
    return parameters;
  throw reader.wrong('rope_parameters', `an object of ${types.join(' and ')}`, parameters);
}

/** The error of a field with a value that this package does not compute. */
export function unsupported(field: string, expected: string, got: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, `config.json: ${field} must be ${expected}, got ${got}`);
}
