/**
 * Names and shapes of a Gemma's tensors in a checkpoint. In models with a head, Hugging Face's names begin
 * with `model.`; in the whole EmbeddingGemma 2, with `language_model.`, beside the towers for images and
 * sounds.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { matrixSlots, Slot, type MatrixSlots, type Weights } from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import { gatedSlots, type GatedSlots } from '../encoder/gated.ts';
import { groupedAttentionSlots, type GroupedAttentionSlots } from '../encoder/grouped-attention.ts';
import type { GemmaConfig, GemmaLayer } from './config.ts';

/** Slot of the weight of a norm. */
interface RmsSlots {
  readonly weight: Slot;
}

/** Slots of what a layer of EmbeddingGemma 2 does with its share of the embeddings. */
interface PerLayerSlots {
  readonly gate: MatrixSlots;
  readonly projection: MatrixSlots;
  readonly norm: RmsSlots;
  /** The layer's output is multiplied by it. */
  readonly scale: Slot;
}

/** Slots of one layer. */
interface LayerSlots {
  readonly attentionNorm: RmsSlots;
  readonly attention: GroupedAttentionSlots;
  readonly afterAttention: RmsSlots;
  readonly feedForwardNorm: RmsSlots;
  readonly feedForward: GatedSlots;
  readonly afterFeedForward: RmsSlots;
  readonly perLayer: PerLayerSlots | undefined;
}

/** Slots of all tensors. */
export interface GemmaSlots {
  readonly words: Slot;
  readonly layers: readonly LayerSlots[];
  readonly norm: RmsSlots;
  /** EmbeddingGemma 2: the shares of all layers, one after the other, and their norm. */
  readonly shares: { readonly projection: MatrixSlots; readonly norm: RmsSlots } | undefined;
  /** EmbeddingGemma 2: the last layer. */
  readonly embedding: MatrixSlots | undefined;
  /** The head: of a language model, or of a classifier. */
  readonly head: MatrixSlots | undefined;
}

/** All weights of a model. */
export type GemmaWeights = Weights<GemmaSlots>;

/** Weights of one layer. */
export type LayerWeights = Weights<LayerSlots>;

/** The last layer of a language model whose weight is the table of words. */
const TIED_HEAD = /^lm_head\.weight$/;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readGemmaWeights(
  checkpoint: Checkpoint,
  config: GemmaConfig,
  options: ReadOptions = {},
): Promise<GemmaWeights> {
  const ignored = [
    ...(config.architecture === 'Gemma3ForCausalLM' && !config.tied ? [] : [TIED_HEAD]),
    ...namesOfHeads(checkpoint, basePrefix(config)),
  ];
  return readWeights(checkpoint, gemmaLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function gemmaLayout(checkpoint: Pick<Checkpoint, 'has'>, config: GemmaConfig): GemmaSlots {
  const { hiddenSize, vocabSize, layers, perLayerWidth, embeddingDim } = config;
  const prefix = prefixOf(checkpoint, basePrefix(config), 'embed_tokens.weight');
  const words = new Slot(`${prefix}embed_tokens.weight`, [vocabSize, hiddenSize], 'embeddings');
  return {
    words,
    layers: layers.map((layer, i) => layerSlots(`${prefix}layers.${i}`, config, layer)),
    norm: rmsSlots(`${prefix}norm`, hiddenSize),
    shares:
      perLayerWidth === undefined
        ? undefined
        : {
            projection: matrixSlots(
              `${prefix}ple.per_layer_model_projection`,
              layers.length * perLayerWidth,
              hiddenSize,
            ),
            norm: rmsSlots(`${prefix}ple.per_layer_projection_norm`, perLayerWidth),
          },
    embedding:
      embeddingDim === undefined
        ? undefined
        : matrixSlots(`${prefix}embedding_projection`, embeddingDim, hiddenSize),
    head: headSlots(config, words),
  };
}

/** The prefix of the base model's names in a checkpoint of a model that has more. */
function basePrefix({ embeddingDim }: GemmaConfig): string {
  return embeddingDim === undefined ? 'model.' : 'language_model.';
}

function layerSlots(
  name: string,
  { hiddenSize, intermediateSize, attentionBias, perLayerWidth }: GemmaConfig,
  { heads }: GemmaLayer,
): LayerSlots {
  const norm = (which: string): RmsSlots => rmsSlots(`${name}.${which}_layernorm`, hiddenSize);
  return {
    attentionNorm: rmsSlots(`${name}.input_layernorm`, hiddenSize),
    attention: groupedAttentionSlots(`${name}.self_attn`, hiddenSize, heads, { bias: attentionBias }),
    afterAttention: norm('post_attention'),
    feedForwardNorm: norm('pre_feedforward'),
    feedForward: gatedSlots(`${name}.mlp`, hiddenSize, intermediateSize),
    afterFeedForward: norm('post_feedforward'),
    perLayer:
      perLayerWidth === undefined
        ? undefined
        : {
            gate: matrixSlots(`${name}.ple_block.per_layer_input_gate`, perLayerWidth, hiddenSize),
            projection: matrixSlots(`${name}.ple_block.per_layer_projection`, hiddenSize, perLayerWidth),
            norm: rmsSlots(`${name}.ple_block.post_per_layer_input_norm`, hiddenSize),
            scale: new Slot(`${name}.layer_scalar`, [1]),
          },
  };
}

function rmsSlots(name: string, width: number): RmsSlots {
  return { weight: new Slot(`${name}.weight`, [width]) };
}

function headSlots(
  { architecture, hiddenSize, vocabSize, labels, tied }: GemmaConfig,
  words: Slot,
): MatrixSlots | undefined {
  switch (architecture) {
    case 'Gemma3ForCausalLM':
      return tied ? { weight: words } : matrixSlots('lm_head', vocabSize, hiddenSize);
    case 'Gemma3TextForSequenceClassification':
      return matrixSlots('score', labels, hiddenSize);
    case 'Gemma3TextModel':
    case 'EmbeddingGemma2TextModel':
    case 'EmbeddingGemma2Model':
      return undefined;
    default:
      return architecture satisfies never;
  }
}
