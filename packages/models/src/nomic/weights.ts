/** Names and shapes of NomicBERT's tensors: linear layers without biases, a gate in each feed-forward. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { matrixSlots, normSlots, Slot } from '../checkpoint/layout.ts';
import { prefixOf } from '../checkpoint/names.ts';
import type { BertConfig } from '../bert/config.ts';
import { BERT_HEADS, headSlots, type HeadNames } from '../bert/head-weights.ts';
import type { BertSlots, LayerSlots } from '../bert/weights.ts';

/** The prefix of the encoder's tensors in checkpoints with a head. */
export const PREFIX = 'nomic_bert.';

const HEADS: HeadNames = {
  ...BERT_HEADS,
  maskedLm: { ...BERT_HEADS.maskedLm, norm: 'cls.predictions.transform.layer_norm' },
};

/** Slots of the tensors that a model takes from a checkpoint. */
export function nomicLayout(checkpoint: Pick<Checkpoint, 'has'>, config: BertConfig): BertSlots {
  const { hiddenSize, vocabSize, tokenTypes, intermediateSize, layers } = config;
  const prefix = prefixOf(checkpoint, PREFIX, 'embeddings.word_embeddings.weight');
  const words = new Slot(`${prefix}embeddings.word_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings');
  const layer = (name: string): LayerSlots => ({
    projections: { all: matrixSlots(`${name}.attn.Wqkv`, 3 * hiddenSize, hiddenSize) },
    attentionOutput: matrixSlots(`${name}.attn.out_proj`, hiddenSize, hiddenSize),
    attentionNorm: normSlots(`${name}.norm1`, hiddenSize),
    intermediate: matrixSlots(`${name}.mlp.fc11`, intermediateSize, hiddenSize),
    gate: matrixSlots(`${name}.mlp.fc12`, intermediateSize, hiddenSize),
    output: matrixSlots(`${name}.mlp.fc2`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.norm2`, hiddenSize),
  });
  return {
    words,
    types: new Slot(`${prefix}embeddings.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${prefix}emb_ln`, hiddenSize),
    layers: Array.from({ length: layers }, (_, i) => layer(`${prefix}encoder.layers.${i}`)),
    head: headSlots(checkpoint, config, { names: HEADS, pooler: `${prefix}pooler.dense`, words }),
  };
}
