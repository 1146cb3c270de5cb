/**
 * Names and shapes of a Longformer's tensors in a checkpoint. In models with a head,
 * Hugging Face's names begin with `longformer.`; in `LongformerModel` they do not. A model
 * can be read from either, so that the encoder of a checkpoint with any head can be used.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  Slot,
  sensitive,
  withSensitiveEnd,
  type LinearSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { LongformerConfig } from './config.ts';

/** Slots of one encoder layer. */
export interface LayerSlots {
  readonly query: LinearSlots;
  readonly key: LinearSlots;
  readonly value: LinearSlots;
  /** Projections for the rows of global tokens. */
  readonly queryGlobal: LinearSlots;
  readonly keyGlobal: LinearSlots;
  readonly valueGlobal: LinearSlots;
  readonly attentionOutput: LinearSlots;
  readonly attentionNorm: NormSlots;
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
  readonly outputNorm: NormSlots;
}

/** Slots of the head; the architecture says which of them exist. */
interface HeadSlots {
  readonly pooler?: LinearSlots;
  readonly maskedLm?: {
    readonly dense: LinearSlots;
    readonly norm: NormSlots;
    /** The decoder, whose weight is the word embeddings. */
    readonly decoder: LinearSlots;
  };
  /** Layer between the first token and the classes, in a classifier of sequences. */
  readonly dense?: LinearSlots;
  /** Layer to classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
}

/** Slots of the embeddings and the layers. */
export interface LongformerEncoderSlots {
  readonly words: Slot;
  readonly positions: Slot;
  readonly types: Slot | undefined;
  readonly embeddingNorm: NormSlots;
  readonly layers: readonly LayerSlots[];
}

/** Slots of all tensors. */
export interface LongformerSlots extends LongformerEncoderSlots {
  readonly head: HeadSlots;
}

/** Weights of the embeddings and the layers. */
export type LongformerEncoderWeights = Weights<LongformerEncoderSlots>;

/** All weights of a model. */
export type LongformerWeights = Weights<LongformerSlots>;

/** Weights of one encoder layer. */
export type LayerWeights = Weights<LayerSlots>;

/** Weights of a head. */
export type HeadWeights = Weights<HeadSlots>;

/** The pooler, which not every model needs. */
const POOLER = /^(longformer\.)?pooler\./;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readLongformerWeights(
  checkpoint: Checkpoint,
  config: LongformerConfig,
  options: ReadOptions = {},
): Promise<LongformerWeights> {
  const ignored = [POOLER, ...namesOfHeads(checkpoint, 'longformer.')];
  return readWeights(checkpoint, longformerLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function longformerLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: LongformerConfig,
): LongformerSlots {
  const { hiddenSize, vocabSize, positionRows, tokenTypes, intermediateSize, windows } = config;
  const prefix = prefixOf(checkpoint, 'longformer.', 'embeddings.word_embeddings.weight');
  const embeddings = `${prefix}embeddings`;
  const square = (name: string): LinearSlots => linearSlots(name, hiddenSize, hiddenSize);
  const layer = (name: string): LayerSlots => ({
    query: square(`${name}.attention.self.query`),
    key: square(`${name}.attention.self.key`),
    value: sensitive(square(`${name}.attention.self.value`)),
    queryGlobal: square(`${name}.attention.self.query_global`),
    keyGlobal: square(`${name}.attention.self.key_global`),
    valueGlobal: sensitive(square(`${name}.attention.self.value_global`)),
    attentionOutput: square(`${name}.attention.output.dense`),
    attentionNorm: normSlots(`${name}.attention.output.LayerNorm`, hiddenSize),
    intermediate: linearSlots(`${name}.intermediate.dense`, intermediateSize, hiddenSize),
    output: linearSlots(`${name}.output.dense`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.output.LayerNorm`, hiddenSize),
  });
  const words = new Slot(`${embeddings}.word_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings');
  return {
    words,
    positions: new Slot(`${embeddings}.position_embeddings.weight`, [positionRows, hiddenSize]),
    types: new Slot(`${embeddings}.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${embeddings}.LayerNorm`, hiddenSize),
    layers: withSensitiveEnd(windows.map((_, i) => layer(`${prefix}encoder.layer.${i}`))),
    head: headSlots(checkpoint, config, prefix, words),
  };
}

function headSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: LongformerConfig,
  prefix: string,
  words: Slot,
): HeadSlots {
  const { architecture, hiddenSize, vocabSize, labels } = config;
  const pooler = linearSlots(`${prefix}pooler.dense`, hiddenSize, hiddenSize);
  switch (architecture) {
    case 'LongformerModel':
      // Checkpoints of models with a head have no pooler; the model then has one output less.
      return checkpoint.has(pooler.weight.name) ? { pooler } : {};
    case 'LongformerForMaskedLM': {
      const decoder = 'lm_head.decoder.weight';
      // The decoder's weight is the word embeddings, whether or not it is stored again.
      const weight = checkpoint.has(decoder) ? new Slot(decoder, words.shape, 'linear') : words;
      return {
        maskedLm: {
          dense: linearSlots('lm_head.dense', hiddenSize, hiddenSize),
          norm: normSlots('lm_head.layer_norm', hiddenSize),
          decoder: { weight, bias: new Slot('lm_head.bias', [vocabSize]) },
        },
      };
    }
    case 'LongformerForSequenceClassification':
      return {
        dense: linearSlots('classifier.dense', hiddenSize, hiddenSize),
        classifier: linearSlots('classifier.out_proj', labels, hiddenSize),
      };
    case 'LongformerForQuestionAnswering':
      return { classifier: linearSlots('qa_outputs', 2, hiddenSize) };
    case 'LongformerForTokenClassification':
      return { classifier: linearSlots('classifier', labels, hiddenSize) };
    case 'LongformerForMultipleChoice':
      return { pooler, classifier: linearSlots('classifier', 1, hiddenSize) };
    default:
      return architecture satisfies never;
  }
}
