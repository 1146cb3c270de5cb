/**
 * Names and shapes of a Reformer's tensors in a checkpoint. In models with a head, Hugging Face's
 * names begin with `reformer.`; in `ReformerModel` they do not. A model can be read from either.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  normSlots,
  Slot,
  sensitive,
  type LinearSlots,
  type MatrixSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { ReformerConfig, ReformerLayer } from './config.ts';
import { positionSlots } from './positions.ts';

/** Slots of the projections to heads · headDim. In LSH attention, queries and keys are one projection. */
type SelfAttentionSlots =
  | { readonly queryKey: MatrixSlots; readonly value: MatrixSlots }
  | { readonly query: MatrixSlots; readonly key: MatrixSlots; readonly value: MatrixSlots };

/** Slots of one layer. */
interface LayerSlots {
  readonly attentionNorm: NormSlots;
  readonly attention: SelfAttentionSlots;
  readonly attentionOutput: MatrixSlots;
  readonly feedForwardNorm: NormSlots;
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
}

/** Slots of the head; the architecture says which of them exist. */
interface HeadSlots {
  /** Layer to the vocabulary, in language models. */
  readonly decoder?: LinearSlots;
  /** Layer between the first token and the classes, in a classifier of sequences. */
  readonly dense?: LinearSlots;
  /** Layer to classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
}

/** Slots of all tensors. */
export interface ReformerSlots {
  readonly words: Slot;
  readonly positions: readonly Slot[];
  readonly layers: readonly LayerSlots[];
  readonly norm: NormSlots;
  readonly head: HeadSlots;
}

/** All weights of a model. */
export type ReformerWeights = Weights<ReformerSlots>;

/** Weights of one layer. */
export type LayerWeights = Weights<LayerSlots>;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readReformerWeights(
  checkpoint: Checkpoint,
  config: ReformerConfig,
  options: ReadOptions = {},
): Promise<ReformerWeights> {
  const ignored = namesOfHeads(checkpoint, 'reformer.');
  return readWeights(checkpoint, reformerLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function reformerLayout(checkpoint: Pick<Checkpoint, 'has'>, config: ReformerConfig): ReformerSlots {
  const { vocabSize, hiddenSize, feedForwardSize, positions, layers } = config;
  const prefix = prefixOf(checkpoint, 'reformer.', 'embeddings.word_embeddings.weight');
  const layer = (kind: ReformerLayer, name: string): LayerSlots => ({
    attentionNorm: normSlots(`${name}.attention.layer_norm`, hiddenSize),
    attention: attentionSlots(config, kind, `${name}.attention.self_attention`),
    attentionOutput: matrixSlots(`${name}.attention.output.dense`, hiddenSize, config.heads * config.headDim),
    feedForwardNorm: normSlots(`${name}.feed_forward.layer_norm`, hiddenSize),
    intermediate: linearSlots(`${name}.feed_forward.dense.dense`, feedForwardSize, hiddenSize),
    output: linearSlots(`${name}.feed_forward.output.dense`, hiddenSize, feedForwardSize),
  });
  return {
    words: new Slot(`${prefix}embeddings.word_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings'),
    positions: positionSlots(positions, `${prefix}embeddings.position_embeddings`, hiddenSize),
    layers: layers.map((kind, i) => layer(kind, `${prefix}encoder.layers.${i}`)),
    norm: normSlots(`${prefix}encoder.layer_norm`, 2 * hiddenSize),
    head: headSlots(config),
  };
}

function attentionSlots(
  { heads, headDim, hiddenSize }: ReformerConfig,
  kind: ReformerLayer,
  name: string,
): SelfAttentionSlots {
  const projection = (of: string): MatrixSlots => matrixSlots(`${name}.${of}`, heads * headDim, hiddenSize);
  const value = sensitive(projection('value'));
  switch (kind) {
    case 'lsh':
      return { queryKey: projection('query_key'), value };
    case 'local':
      return { query: projection('query'), key: projection('key'), value };
    default:
      return kind satisfies never;
  }
}

function headSlots({ architecture, vocabSize, hiddenSize, labels }: ReformerConfig): HeadSlots {
  switch (architecture) {
    case 'ReformerModel':
      return {};
    case 'ReformerModelWithLMHead':
    case 'ReformerForMaskedLM':
      return {
        decoder: {
          weight: new Slot('lm_head.decoder.weight', [vocabSize, 2 * hiddenSize], 'linear'),
          bias: new Slot('lm_head.bias', [vocabSize]),
        },
      };
    case 'ReformerForSequenceClassification':
      return {
        dense: linearSlots('classifier.dense', hiddenSize, 2 * hiddenSize),
        classifier: linearSlots('classifier.out_proj', labels, hiddenSize),
      };
    case 'ReformerForQuestionAnswering':
      return { classifier: linearSlots('qa_outputs', 2, 2 * hiddenSize) };
    default:
      return architecture satisfies never;
  }
}
