/**
 * Names and shapes of the tensors in a state dict of fairseq's `linformer_roberta`. They
 * are under `encoder.sentence_encoder.`; old files say `decoder.` instead of `encoder.`.
 * A shared tensor may be stored once, under any of its names, or several times.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  Slot,
  tableSlot,
  sensitive,
  type LinearSlots,
  type NormSlots,
  type Weights,
} from '../../checkpoint/layout.ts';
import { readWeights, type ReadOptions } from '../../checkpoint/read-weights.ts';
import type { FairseqConfig } from './config.ts';

/** Slots of one encoder layer. */
interface LayerSlots {
  readonly query: LinearSlots;
  readonly key: LinearSlots;
  readonly value: LinearSlots;
  /** E [K, n]. */
  readonly compressKeys: Slot;
  /** F; undefined when it is E. */
  readonly compressValues: Slot | undefined;
  readonly output: LinearSlots;
  readonly attentionNorm: NormSlots;
  readonly widen: LinearSlots;
  readonly narrow: LinearSlots;
  readonly feedForwardNorm: NormSlots;
}

/** Slots of all tensors. */
export interface FairseqSlots {
  readonly words: Slot;
  readonly positions: Slot;
  readonly embeddingNorm: NormSlots | undefined;
  readonly layers: readonly LayerSlots[];
  /** Normalisation after the last layer, in a model that normalises before each part. */
  readonly finalNorm: NormSlots | undefined;
  readonly maskedLm:
    | { readonly dense: LinearSlots; readonly norm: NormSlots; readonly decoder: LinearSlots }
    | undefined;
  readonly classifier: { readonly dense: LinearSlots; readonly output: LinearSlots } | undefined;
}

/** All weights of a model. */
export type FairseqWeights = Weights<FairseqSlots>;

/** Weights of one layer. */
export type FairseqLayer = Weights<LayerSlots>;

/** Names of buffers, and of heads that this model does not have. */
const IGNORED = [/(^|\.)version$/, /^(encoder\.|decoder\.)?lm_head\./, /^classification_heads\./];

/** All names of the projection that the layers share. Nothing uses its bias. */
const SHARED_PROJECTION = [
  /\.compress_layer\.(weight|bias)$/,
  /\.shared_compress_layer\.(weight|bias)$/,
  /\.self_attn\.compress_[kv]\.(weight|bias)$/,
];

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readFairseqWeights(
  checkpoint: Checkpoint,
  config: FairseqConfig,
  options: ReadOptions = {},
): Promise<FairseqWeights> {
  const ignored = config.layerwise ? [...IGNORED, ...SHARED_PROJECTION] : IGNORED;
  return readWeights(checkpoint, fairseqLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function fairseqLayout(checkpoint: Pick<Checkpoint, 'has'>, config: FairseqConfig): FairseqSlots {
  const { vocabSize, width, maxLength, padTokenId, layers, embeddingNorm, normBefore } = config;
  const root = rootOf(checkpoint);
  const encoder = `${root}sentence_encoder`;
  const { words, decoder } = tables(checkpoint, config, root);
  return {
    words,
    positions: new Slot(`${encoder}.embed_positions.weight`, [maxLength + padTokenId + 1, width]),
    embeddingNorm: embeddingNorm
      ? normSlots(
          firstOf(checkpoint, [`${encoder}.layernorm_embedding`, `${encoder}.emb_layer_norm`], '.weight'),
          width,
        )
      : undefined,
    layers: Array.from({ length: layers }, (_, i) => layerSlots(checkpoint, config, encoder, i)),
    finalNorm: normBefore ? normSlots(`${encoder}.layer_norm`, width) : undefined,
    maskedLm:
      config.architecture === 'LinformerForMaskedLM'
        ? {
            dense: linearSlots(`${root}lm_head.dense`, width, width),
            norm: normSlots(`${root}lm_head.layer_norm`, width),
            decoder: { weight: decoder, bias: new Slot(`${root}lm_head.bias`, [vocabSize]) },
          }
        : undefined,
    classifier:
      config.architecture === 'LinformerForSequenceClassification'
        ? {
            dense: linearSlots(`classification_heads.${config.classifier}.dense`, width, width),
            output: linearSlots(`classification_heads.${config.classifier}.out_proj`, config.labels, width),
          }
        : undefined,
  };
}

function layerSlots(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: FairseqConfig,
  encoder: string,
  i: number,
): LayerSlots {
  const { width, feedForwardWidth, projectedLength, maxLength, sharedKeyValue, layerwise } = config;
  const name = `${encoder}.layers.${i}`;
  const square = (part: string): LinearSlots => linearSlots(`${name}.self_attn.${part}`, width, width);
  const projection = (of: string): Slot => new Slot(of, [projectedLength, maxLength]);
  const shared = (): string =>
    firstOf(checkpoint, [
      `${encoder}.compress_layer.weight`,
      `${encoder}.layers.0.shared_compress_layer.weight`,
      `${encoder}.layers.0.self_attn.compress_k.weight`,
    ]);
  return {
    query: square('q_proj'),
    key: square('k_proj'),
    value: sensitive(square('v_proj')),
    compressKeys: projection(layerwise ? shared() : `${name}.self_attn.compress_k.weight`),
    compressValues:
      layerwise || sharedKeyValue ? undefined : projection(`${name}.self_attn.compress_v.weight`),
    output: square('out_proj'),
    attentionNorm: normSlots(`${name}.self_attn_layer_norm`, width),
    widen: linearSlots(`${name}.fc1`, feedForwardWidth, width),
    narrow: linearSlots(`${name}.fc2`, width, feedForwardWidth),
    feedForwardNorm: normSlots(`${name}.final_layer_norm`, width),
  };
}

/**
 * The word embeddings and the table of the masked language model. They
 * are one tensor, stored under one name or both, unless they were untied.
 */
function tables(
  checkpoint: Pick<Checkpoint, 'has'>,
  { vocabSize, width, untied }: FairseqConfig,
  root: string,
): { readonly words: Slot; readonly decoder: Slot } {
  const [words, decoder] = [`${root}sentence_encoder.embed_tokens.weight`, `${root}lm_head.weight`];
  const slot = (names: readonly string[]): Slot => tableSlot(firstOf(checkpoint, names), vocabSize, width);
  return untied
    ? { words: slot([words]), decoder: slot([decoder]) }
    : { words: slot([words, decoder]), decoder: slot([decoder, words]) };
}

/** The prefix of `sentence_encoder` in this file. */
function rootOf(checkpoint: Pick<Checkpoint, 'has'>): string {
  return firstOf(checkpoint, ['encoder.', 'decoder.', ''], 'sentence_encoder.embed_positions.weight');
}

/** The first of some names that the checkpoint has, with `rest` behind it; else the first of all. */
function firstOf(checkpoint: Pick<Checkpoint, 'has'>, names: readonly string[], rest = ''): string {
  return names.find((name) => checkpoint.has(name + rest)) ?? names[0];
}
