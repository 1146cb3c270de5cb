/**
 * Names and shapes of the tensors of BERTs with rotary positions, NomicBERT and jina-embeddings-v3, whose
 * layers have the names of https://github.com/Dao-AILab/flash-attention.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  normSlots,
  Slot,
  tableSlot,
  withSensitiveEnd,
  type LinearSlots,
  type MatrixSlots,
} from '../checkpoint/layout.ts';
import { prefixOf } from '../checkpoint/names.ts';
import type { BertConfig } from './config.ts';
import { headSlots, type HeadNames } from './head-weights.ts';
import type { BertSlots, LayerSlots } from './weights.ts';

/** In what two kinds of these models differ. */
export interface RotaryNames {
  /** The prefix of the encoder's tensors in checkpoints with a head. */
  readonly prefix: string;
  readonly heads: HeadNames;
  /** What the module of attention is called. */
  readonly attention: string;
  /** The first layer of a feed-forward, and the one whose activation gates it. */
  readonly feedForward: readonly [intermediate: string, gate?: string];
  /** The slots of a linear layer, with or without a bias. */
  linear(name: string, outFeatures: number, inFeatures: number): LinearSlots | MatrixSlots;
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function rotaryLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: BertConfig,
  { prefix: withHead, heads, attention, feedForward: [intermediate, gate], linear }: RotaryNames,
): BertSlots {
  const { hiddenSize, vocabSize, tokenTypes, intermediateSize, layers } = config;
  const prefix = prefixOf(checkpoint, withHead, 'embeddings.word_embeddings.weight');
  const words = tableSlot(`${prefix}embeddings.word_embeddings.weight`, vocabSize, hiddenSize);
  const layer = (name: string): LayerSlots => ({
    projections: { all: linear(`${name}.${attention}.Wqkv`, 3 * hiddenSize, hiddenSize) },
    attentionOutput: linear(`${name}.${attention}.out_proj`, hiddenSize, hiddenSize),
    attentionNorm: normSlots(`${name}.norm1`, hiddenSize),
    inner: {
      intermediate: linear(`${name}.mlp.${intermediate}`, intermediateSize, hiddenSize),
      ...(gate !== undefined && { gate: linear(`${name}.mlp.${gate}`, intermediateSize, hiddenSize) }),
    },
    output: linear(`${name}.mlp.fc2`, hiddenSize, intermediateSize),
    outputNorm: normSlots(`${name}.norm2`, hiddenSize),
  });
  return {
    words,
    types: new Slot(`${prefix}embeddings.token_type_embeddings.weight`, [tokenTypes, hiddenSize]),
    embeddingNorm: normSlots(`${prefix}emb_ln`, hiddenSize),
    layers: withSensitiveEnd(Array.from({ length: layers }, (_, i) => layer(`${prefix}encoder.layers.${i}`))),
    head: headSlots(checkpoint, config, { names: heads, pooler: `${prefix}pooler.dense`, words }),
  };
}
