/**
 * Names and shapes of a BigBird's tensors in a checkpoint: those of BERT, but for the pooler and some heads.
 * In models with a head they begin with `bert.`; in `BigBirdModel` they do not.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  normSlots,
  Slot,
  sensitive,
  withSensitiveEnd,
  type LinearSlots,
  type MatrixSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { BigBirdConfig } from './config.ts';

/** Slots of a projection to queries, keys or values. */
type ProjectionSlots = MatrixSlots & Partial<LinearSlots>;

/** Slots of a layer of the feed-forward form. */
interface FeedForwardSlots {
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
  readonly outputNorm: NormSlots;
}

/** Slots of one encoder layer. */
interface LayerSlots extends FeedForwardSlots {
  readonly query: ProjectionSlots;
  readonly key: ProjectionSlots;
  readonly value: ProjectionSlots;
  readonly attentionOutput: LinearSlots;
  readonly attentionNorm: NormSlots;
}

/** Slots of the head; the architecture says which of them exist. */
interface HeadSlots {
  readonly pooler?: LinearSlots;
  readonly maskedLm?: {
    readonly dense: LinearSlots;
    readonly norm: NormSlots;
    readonly decoder: LinearSlots;
  };
  /** Whether one text follows another, in pre-training. */
  readonly relationship?: LinearSlots;
  /** Layer between the first token and the classes, in a classifier of sequences. */
  readonly dense?: LinearSlots;
  /** Layer before the classifier, in question answering. */
  readonly feedForward?: FeedForwardSlots;
  /** Layer to classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
}

/** Slots of all tensors. */
export interface BigBirdSlots {
  readonly words: Slot;
  readonly positions: Slot;
  readonly types: Slot;
  readonly embeddingNorm: NormSlots;
  readonly layers: readonly LayerSlots[];
  readonly head: HeadSlots;
}

/** All weights of a model. */
export type BigBirdWeights = Weights<BigBirdSlots>;

/** Weights of one encoder layer. */
export type LayerWeights = Weights<LayerSlots>;

/** Weights of a head. */
export type HeadWeights = Weights<HeadSlots>;

const PREFIX = 'bert.';

/** The pooler, which not every model needs. */
const POOLER = /^(bert\.)?pooler\./;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readBigBirdWeights(
  checkpoint: Checkpoint,
  config: BigBirdConfig,
  options: ReadOptions = {},
): Promise<BigBirdWeights> {
  const ignored = [POOLER, ...namesOfHeads(checkpoint, PREFIX)];
  return readWeights(checkpoint, bigBirdLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function bigBirdLayout(checkpoint: Pick<Checkpoint, 'has'>, config: BigBirdConfig): BigBirdSlots {
  const { hiddenSize, vocabSize, positionRows, tokenTypes, layers } = config;
  const prefix = prefixOf(checkpoint, PREFIX, 'embeddings.word_embeddings.weight');
  const embeddings = `${prefix}embeddings`;
  const words = new Slot(`${embeddings}.word_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings');
  return {
    words,
    positions: new Slot(`${embeddings}.position_embeddings.weight`, [positionRows, hiddenSize]),
    types: new Slot(`${embeddings}.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${embeddings}.LayerNorm`, hiddenSize),
    layers: withSensitiveEnd(
      Array.from({ length: layers }, (_, i) => layerSlots(`${prefix}encoder.layer.${i}`, config)),
    ),
    head: headSlots(checkpoint, config, prefix, words),
  };
}

function layerSlots(name: string, config: BigBirdConfig): LayerSlots {
  const { hiddenSize, attentionBias } = config;
  const slots = attentionBias ? linearSlots : matrixSlots;
  const projection = (kind: string): ProjectionSlots =>
    slots(`${name}.attention.self.${kind}`, hiddenSize, hiddenSize);
  return {
    query: projection('query'),
    key: projection('key'),
    value: sensitive(projection('value')),
    attentionOutput: linearSlots(`${name}.attention.output.dense`, hiddenSize, hiddenSize),
    attentionNorm: normSlots(`${name}.attention.output.LayerNorm`, hiddenSize),
    ...feedForwardSlots(name, config),
  };
}

function feedForwardSlots(name: string, { hiddenSize, intermediateSize }: BigBirdConfig): FeedForwardSlots {
  return {
    intermediate: linearSlots(`${name}.intermediate.dense`, intermediateSize, hiddenSize),
    output: linearSlots(`${name}.output.dense`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.output.LayerNorm`, hiddenSize),
  };
}

function headSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: BigBirdConfig,
  prefix: string,
  words: Slot,
): HeadSlots {
  const { architecture, hiddenSize, labels } = config;
  const pooler = linearSlots(`${prefix}pooler`, hiddenSize, hiddenSize);
  switch (architecture) {
    case 'BigBirdModel':
      // Checkpoints of models with a head may have no pooler; the model then has one output less.
      return checkpoint.has(pooler.weight.name) ? { pooler } : {};
    case 'BigBirdForPreTraining':
      return {
        pooler,
        maskedLm: maskedLmSlots(checkpoint, config, words),
        relationship: linearSlots('cls.seq_relationship', 2, hiddenSize),
      };
    case 'BigBirdForMaskedLM':
      return { maskedLm: maskedLmSlots(checkpoint, config, words) };
    case 'BigBirdForSequenceClassification':
      return {
        dense: linearSlots('classifier.dense', hiddenSize, hiddenSize),
        classifier: linearSlots('classifier.out_proj', labels, hiddenSize),
      };
    case 'BigBirdForTokenClassification':
      return { classifier: linearSlots('classifier', labels, hiddenSize) };
    case 'BigBirdForQuestionAnswering':
      return {
        feedForward: feedForwardSlots('qa_classifier', config),
        classifier: linearSlots('qa_classifier.qa_outputs', 2, hiddenSize),
      };
    case 'BigBirdForMultipleChoice':
      return { pooler, classifier: linearSlots('classifier', 1, hiddenSize) };
    default:
      return architecture satisfies never;
  }
}

function maskedLmSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  { hiddenSize, vocabSize, tiedWords }: BigBirdConfig,
  words: Slot,
): Exclude<HeadSlots['maskedLm'], undefined> {
  const predictions = 'cls.predictions';
  const decoder = `${predictions}.decoder`;
  // The decoder's weight is the word embeddings, whether or not it is stored again.
  const ownWeight = !tiedWords || checkpoint.has(`${decoder}.weight`);
  const ownBias = !tiedWords && checkpoint.has(`${decoder}.bias`);
  return {
    dense: linearSlots(`${predictions}.transform.dense`, hiddenSize, hiddenSize),
    norm: normSlots(`${predictions}.transform.LayerNorm`, hiddenSize),
    decoder: {
      weight: ownWeight ? new Slot(`${decoder}.weight`, words.shape, 'linear') : words,
      bias: new Slot(ownBias ? `${decoder}.bias` : `${predictions}.bias`, [vocabSize]),
    },
  };
}
