/**
 * Where a checkpoint has the tensors of a Longformer. Hugging Face's names begin with
 * `longformer.` in models with a head and without it in `LongformerModel`; a model can
 * be read from either, so that the encoder of a checkpoint with any head can be used.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  Slot,
  type LinearSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { lmHeadBias, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { LongformerConfig } from './config.ts';

/** One encoder layer. */
interface LayerSlots {
  readonly query: LinearSlots;
  readonly key: LinearSlots;
  readonly value: LinearSlots;
  /** In the rows of global tokens. */
  readonly queryGlobal: LinearSlots;
  readonly keyGlobal: LinearSlots;
  readonly valueGlobal: LinearSlots;
  readonly attentionOutput: LinearSlots;
  readonly attentionNorm: NormSlots;
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
  readonly outputNorm: NormSlots;
}

/** What stands on top of the encoder; which of them there are follows from the architecture. */
interface HeadSlots {
  readonly pooler?: LinearSlots;
  readonly maskedLm?: {
    readonly dense: LinearSlots;
    readonly norm: NormSlots;
    /** The decoder; its weight is the table of words. */
    readonly decoder: LinearSlots;
  };
  /** Of a sequence: a layer between the first token and the classes. */
  readonly dense?: LinearSlots;
  /** To classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
}

/** Where all tensors are. */
export interface LongformerSlots {
  readonly words: Slot;
  readonly positions: Slot;
  readonly types: Slot | undefined;
  readonly embeddingNorm: NormSlots;
  readonly layers: readonly LayerSlots[];
  readonly head: HeadSlots;
}

/** All tensors of a model. */
export type LongformerWeights = Weights<LongformerSlots>;

/** Tensors of one encoder layer. */
export type LayerWeights = Weights<LayerSlots>;

/** Tensors of a head. */
export type HeadWeights = Weights<HeadSlots>;

/** Other heads, buffers, and what was left out on purpose. */
const OF_OTHER_HEADS = [
  /(^|\.)position_ids$/,
  /^(longformer\.)?pooler\./,
  /^lm_head\./,
  /^classifier\./,
  /^qa_outputs\./,
];

/** The decoder of LED and what belongs to it. */
const OF_THE_DECODER = [
  /^(led\.)?decoder\./,
  /^(led\.)?shared\.weight$/,
  /^final_logits_bias$/,
  /^lm_head\./,
];

/** Reads the tensors of a model. Errors: those of `readWeights`. */
export function readLongformerWeights(
  checkpoint: Checkpoint,
  config: LongformerConfig,
  options: ReadOptions = {},
): Promise<LongformerWeights> {
  const ignored = config.architecture === 'LEDEncoder' ? OF_THE_DECODER : OF_OTHER_HEADS;
  return readWeights(checkpoint, longformerLayout(checkpoint, config), { ...options, ignored });
}

/** The tensors that a model takes from a checkpoint. */
export function longformerLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: LongformerConfig,
): LongformerSlots {
  return config.architecture === 'LEDEncoder'
    ? ledSlots(checkpoint, config)
    : longformerSlots(checkpoint, config);
}

function longformerSlots(checkpoint: Pick<Checkpoint, 'has'>, config: LongformerConfig): LongformerSlots {
  const { hiddenSize, vocabSize, positionRows, tokenTypes, intermediateSize, windows } = config;
  const prefix = prefixOf(checkpoint, 'longformer.', 'embeddings.word_embeddings.weight');
  const embeddings = `${prefix}embeddings`;
  const square = (name: string): LinearSlots => linearSlots(name, hiddenSize, hiddenSize);
  const layer = (name: string): LayerSlots => ({
    query: square(`${name}.attention.self.query`),
    key: square(`${name}.attention.self.key`),
    value: square(`${name}.attention.self.value`),
    queryGlobal: square(`${name}.attention.self.query_global`),
    keyGlobal: square(`${name}.attention.self.key_global`),
    valueGlobal: square(`${name}.attention.self.value_global`),
    attentionOutput: square(`${name}.attention.output.dense`),
    attentionNorm: normSlots(`${name}.attention.output.LayerNorm`, hiddenSize),
    intermediate: linearSlots(`${name}.intermediate.dense`, intermediateSize, hiddenSize),
    output: linearSlots(`${name}.output.dense`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.output.LayerNorm`, hiddenSize),
  });
  const words = new Slot(`${embeddings}.word_embeddings.weight`, [vocabSize, hiddenSize]);
  return {
    words,
    positions: new Slot(`${embeddings}.position_embeddings.weight`, [positionRows, hiddenSize]),
    types: new Slot(`${embeddings}.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${embeddings}.LayerNorm`, hiddenSize),
    layers: windows.map((_, i) => layer(`${prefix}encoder.layer.${i}`)),
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
      // Checkpoints of models with a head have none; the model then has one output less.
      return checkpoint.has(pooler.weight.name) ? { pooler } : {};
    case 'LongformerForMaskedLM': {
      const decoder = 'lm_head.decoder.weight';
      // The decoder's weight is the table of words, whether or not it is stored again.
      const weight = checkpoint.has(decoder) ? new Slot(decoder, words.shape) : words;
      return {
        maskedLm: {
          dense: linearSlots('lm_head.dense', hiddenSize, hiddenSize),
          norm: normSlots('lm_head.layer_norm', hiddenSize),
          decoder: { weight, bias: new Slot(lmHeadBias(checkpoint), [vocabSize]) },
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
    case 'LEDEncoder':
      return {};
    default:
      return architecture satisfies never;
  }
}

function ledSlots(checkpoint: Pick<Checkpoint, 'has'>, config: LongformerConfig): LongformerSlots {
  const { hiddenSize, vocabSize, positionRows, intermediateSize, windows } = config;
  const prefix = prefixOf(checkpoint, 'led.', 'encoder.embed_positions.weight');
  const encoder = `${prefix}encoder`;
  const square = (name: string): LinearSlots => linearSlots(name, hiddenSize, hiddenSize);
  const layer = (name: string): LayerSlots => {
    const attention = `${name}.self_attn.longformer_self_attn`;
    return {
      query: square(`${attention}.query`),
      key: square(`${attention}.key`),
      value: square(`${attention}.value`),
      queryGlobal: square(`${attention}.query_global`),
      keyGlobal: square(`${attention}.key_global`),
      valueGlobal: square(`${attention}.value_global`),
      attentionOutput: square(`${name}.self_attn.output`),
      attentionNorm: normSlots(`${name}.self_attn_layer_norm`, hiddenSize),
      intermediate: linearSlots(`${name}.fc1`, intermediateSize, hiddenSize),
      output: linearSlots(`${name}.fc2`, hiddenSize, intermediateSize),
      outputNorm: normSlots(`${name}.final_layer_norm`, hiddenSize),
    };
  };
  // One table, shared with the decoder; files store it under one of its names.
  const tokens = `${encoder}.embed_tokens.weight`;
  const words = checkpoint.has(tokens) ? tokens : `${prefix}shared.weight`;
  return {
    words: new Slot(words, [vocabSize, hiddenSize]),
    positions: new Slot(`${encoder}.embed_positions.weight`, [positionRows, hiddenSize]),
    types: undefined,
    embeddingNorm: normSlots(`${encoder}.layernorm_embedding`, hiddenSize),
    layers: windows.map((_, i) => layer(`${encoder}.layers.${i}`)),
    head: {},
  };
}
