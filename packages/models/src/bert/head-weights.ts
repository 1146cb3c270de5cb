/** Names and shapes of the tensors of heads, which differ between BERT, RoBERTa and DistilBERT. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  normSlots,
  Slot,
  type LinearSlots,
  type MatrixSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import type { BertConfig } from './config.ts';

/** Slots of the head; the task says which of them exist. */
export interface HeadSlots {
  readonly pooler?: LinearSlots;
  readonly maskedLm?: {
    readonly dense: LinearSlots | MatrixSlots;
    readonly norm: NormSlots;
    readonly decoder: LinearSlots | MatrixSlots;
  };
  /** Layer between the first token and the classes, where there is no pooler. */
  readonly dense?: LinearSlots;
  /** Layer to classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
  /** Layer from the pooled first token to whether the second text follows the first. */
  readonly nextSentence?: LinearSlots;
}

/** Weights of a head. */
export type HeadWeights = Weights<HeadSlots>;

/** What a kind of model calls the layers of its heads. */
export interface HeadNames {
  readonly maskedLm: {
    readonly dense: string;
    readonly norm: string;
    readonly decoder: string;
    readonly bias: string;
  };
  /** The layer before the classifier of sequences. Absent: the classifier reads the pooled first token. */
  readonly rowDense?: string;
  readonly rowClassifier: string;
  /** The layer before the classifier of choices. Absent: the classifier reads the pooled first token. */
  readonly choiceDense?: string;
}

/** BERT's names. */
export const BERT_HEADS: HeadNames = {
  maskedLm: {
    dense: 'cls.predictions.transform.dense',
    norm: 'cls.predictions.transform.LayerNorm',
    decoder: 'cls.predictions.decoder',
    bias: 'cls.predictions.bias',
  },
  rowClassifier: 'classifier',
};

/** RoBERTa's names. */
export const ROBERTA_HEADS: HeadNames = {
  maskedLm: {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    decoder: 'lm_head.decoder',
    bias: 'lm_head.bias',
  },
  rowDense: 'classifier.dense',
  rowClassifier: 'classifier.out_proj',
};

/** DistilBERT's names. */
export const DISTILBERT_HEADS: HeadNames = {
  maskedLm: {
    dense: 'vocab_transform',
    norm: 'vocab_layer_norm',
    decoder: 'vocab_projector',
    bias: 'vocab_projector.bias',
  },
  rowDense: 'pre_classifier',
  rowClassifier: 'classifier',
  choiceDense: 'pre_classifier',
};

/** What the slots of a head depend on beside the config. */
interface HeadOptions {
  readonly names: HeadNames;
  /** Name of the pooler's layer; absent in models that have none. */
  readonly pooler?: string;
  /** The table of words. */
  readonly words: Slot;
}

/** Slots of a model's head. */
export function headSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: BertConfig,
  { names, pooler: poolerName, words }: HeadOptions,
): HeadSlots {
  const { task, hiddenSize, labels } = config;
  const square = (name: string): LinearSlots => linearSlots(name, hiddenSize, hiddenSize);
  const pooler = poolerName === undefined ? {} : { pooler: square(poolerName) };
  const maskedLm = (): HeadSlots => ({ maskedLm: maskedLmSlots(checkpoint, config, names, words) });
  const nextSentence = { nextSentence: linearSlots('cls.seq_relationship', 2, hiddenSize) };
  const beforeClasses = (dense: string | undefined): HeadSlots =>
    dense === undefined ? pooler : { dense: square(dense) };
  switch (task) {
    case 'states':
      // Checkpoints of some heads have no pooler; the model then has one output less.
      return poolerName !== undefined && checkpoint.has(`${poolerName}.weight`) ? pooler : {};
    case 'maskedLm':
      return maskedLm();
    case 'preTraining':
      return { ...maskedLm(), ...pooler, ...nextSentence };
    case 'nextSentence':
      return { ...pooler, ...nextSentence };
    case 'sequence':
      return {
        ...beforeClasses(names.rowDense),
        classifier: linearSlots(names.rowClassifier, labels, hiddenSize),
      };
    case 'choice':
      return { ...beforeClasses(names.choiceDense), classifier: linearSlots('classifier', 1, hiddenSize) };
    case 'token':
      return { classifier: linearSlots('classifier', labels, hiddenSize) };
    case 'answer':
      return { classifier: linearSlots('qa_outputs', 2, hiddenSize) };
    default:
      return task satisfies never;
  }
}

/**
 * The masked language model, whose last layer is the table of words unless the file has another. Where the
 * two are not tied, the bias beside that layer, if there is one, is the one that counts.
 */
function maskedLmSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  { hiddenSize, vocabSize, isTied, lacksHeadBias }: BertConfig,
  { maskedLm: { dense, norm, decoder, bias } }: HeadNames,
  words: Slot,
): HeadSlots['maskedLm'] {
  const [ownWeight, ownBias] = [`${decoder}.weight`, `${decoder}.bias`];
  const hasOwn = !isTied || checkpoint.has(ownWeight);
  const weight = hasOwn ? new Slot(ownWeight, [vocabSize, hiddenSize], 'linear') : words;
  if (lacksHeadBias)
    return {
      dense: matrixSlots(dense, hiddenSize, hiddenSize),
      norm: normSlots(norm, hiddenSize),
      decoder: { weight },
    };
  return {
    dense: linearSlots(dense, hiddenSize, hiddenSize),
    norm: normSlots(norm, hiddenSize),
    decoder: {
      weight,
      bias: new Slot(!isTied && checkpoint.has(ownBias) ? ownBias : bias, [vocabSize]),
    },
  };
}
