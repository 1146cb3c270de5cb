/**
 * Names and shapes of a Qwen 3's tensors in a checkpoint. In models with a head, Hugging Face's names begin
 * with `model.`, and in the one that answers questions with `transformer.`
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { linearSlots, matrixSlots, Slot, type Weights } from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import { gatedSlots, type GatedSlots } from '../encoder/gated.ts';
import {
  groupedAttentionSlots,
  type GroupedAttentionSlots,
  type ProjectionSlots,
} from '../encoder/grouped-attention.ts';
import type { Qwen3Config } from './config.ts';

/** Slot of the weight of a norm. */
interface RmsSlots {
  readonly weight: Slot;
}

/** Slots of one layer. */
interface LayerSlots {
  readonly attentionNorm: RmsSlots;
  readonly attention: GroupedAttentionSlots;
  readonly feedForwardNorm: RmsSlots;
  readonly feedForward: GatedSlots;
}

/** Slots of all tensors. */
export interface Qwen3Slots {
  readonly words: Slot;
  readonly layers: readonly LayerSlots[];
  readonly norm: RmsSlots;
  readonly head: ProjectionSlots | undefined;
}

/** All weights of a model. */
export type Qwen3Weights = Weights<Qwen3Slots>;

/** Weights of one layer. */
export type LayerWeights = Weights<LayerSlots>;

/** The last layer of a language model whose weight is the table of words. */
const TIED_HEAD = /^lm_head\.weight$/;

const PREFIX = 'model.';
const PREFIX_OF_ANSWERS = 'transformer.';

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readQwen3Weights(
  checkpoint: Checkpoint,
  config: Qwen3Config,
  options: ReadOptions = {},
): Promise<Qwen3Weights> {
  const ignored = [
    ...(config.architecture === 'Qwen3ForCausalLM' && !config.tied ? [] : [TIED_HEAD]),
    ...namesOfHeads(checkpoint, basePrefix(checkpoint)),
  ];
  return readWeights(checkpoint, qwen3Layout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function qwen3Layout(checkpoint: Pick<Checkpoint, 'has'>, config: Qwen3Config): Qwen3Slots {
  const { hiddenSize, vocabSize, intermediateSize, heads, attentionBias, windows } = config;
  const prefix = prefixOf(checkpoint, basePrefix(checkpoint), 'embed_tokens.weight');
  const norm = (name: string): RmsSlots => ({ weight: new Slot(`${prefix}${name}.weight`, [hiddenSize]) });
  const words = new Slot(`${prefix}embed_tokens.weight`, [vocabSize, hiddenSize], 'embeddings');
  return {
    words,
    layers: windows.map((_, i) => ({
      attentionNorm: norm(`layers.${i}.input_layernorm`),
      attention: groupedAttentionSlots(`${prefix}layers.${i}.self_attn`, hiddenSize, heads, {
        bias: attentionBias,
      }),
      feedForwardNorm: norm(`layers.${i}.post_attention_layernorm`),
      feedForward: gatedSlots(`${prefix}layers.${i}.mlp`, hiddenSize, intermediateSize),
    })),
    norm: norm('norm'),
    head: headSlots(config, words),
  };
}

function basePrefix({ has }: Pick<Checkpoint, 'has'>): string {
  const isOfAnswers = !has(`${PREFIX}norm.weight`) && has(`${PREFIX_OF_ANSWERS}norm.weight`);
  return isOfAnswers ? PREFIX_OF_ANSWERS : PREFIX;
}

function headSlots(
  { architecture, hiddenSize, vocabSize, labels, tied }: Qwen3Config,
  words: Slot,
): ProjectionSlots | undefined {
  switch (architecture) {
    case 'Qwen3Model':
      return undefined;
    case 'Qwen3ForCausalLM':
      return tied ? { weight: words } : matrixSlots('lm_head', vocabSize, hiddenSize);
    case 'Qwen3ForSequenceClassification':
      return matrixSlots('score', labels, hiddenSize);
    case 'Qwen3ForTokenClassification':
      return linearSlots('score', labels, hiddenSize);
    case 'Qwen3ForQuestionAnswering':
      return linearSlots('qa_outputs', 2, hiddenSize);
    default:
      return architecture satisfies never;
  }
}
