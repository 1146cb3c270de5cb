/** Names and shapes of the tensors of jina-embeddings-v3: a RoBERTa's heads, and layers of its own. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { linearSlots, normSlots, Slot } from '../checkpoint/layout.ts';
import { prefixOf } from '../checkpoint/names.ts';
import type { BertConfig } from '../bert/config.ts';
import { headSlots, ROBERTA_HEADS } from '../bert/head-weights.ts';
import type { BertSlots, LayerSlots } from '../bert/weights.ts';

/** The prefix of the encoder's tensors in checkpoints with a head. */
export const PREFIX = 'roberta.';

/** Slots of the tensors that a model takes from a checkpoint. */
export function jinaLayout(checkpoint: Pick<Checkpoint, 'has'>, config: BertConfig): BertSlots {
  const { hiddenSize, vocabSize, tokenTypes, intermediateSize, layers } = config;
  const prefix = prefixOf(checkpoint, PREFIX, 'embeddings.word_embeddings.weight');
  const words = new Slot(`${prefix}embeddings.word_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings');
  const layer = (name: string): LayerSlots => ({
    projections: { all: linearSlots(`${name}.mixer.Wqkv`, 3 * hiddenSize, hiddenSize) },
    attentionOutput: linearSlots(`${name}.mixer.out_proj`, hiddenSize, hiddenSize),
    attentionNorm: normSlots(`${name}.norm1`, hiddenSize),
    intermediate: linearSlots(`${name}.mlp.fc1`, intermediateSize, hiddenSize),
    output: linearSlots(`${name}.mlp.fc2`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.norm2`, hiddenSize),
  });
  return {
    words,
    types: new Slot(`${prefix}embeddings.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${prefix}emb_ln`, hiddenSize),
    layers: Array.from({ length: layers }, (_, i) => layer(`${prefix}encoder.layers.${i}`)),
    head: headSlots(checkpoint, config, { names: ROBERTA_HEADS, pooler: `${prefix}pooler.dense`, words }),
  };
}
