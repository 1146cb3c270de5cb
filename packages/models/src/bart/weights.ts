/** Names and shapes of a BART's tensors in a checkpoint. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  type LinearSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import { withoutFirstRows } from '../checkpoint/weight-rows.ts';
import {
  attentionSlots,
  embeddingSlots,
  ignoredNames,
  seq2SeqSlots,
  sidePrefix,
  type AttentionSlots,
  type EmbeddingSlots,
  type EmbeddingWeights,
  type Seq2SeqSlots,
} from '../seq2seq/weights.ts';
import type { BartConfig } from './config.ts';

const PREFIX = 'model.';

/** Slots of one layer of the encoder. */
interface EncoderLayerSlots {
  readonly attention: AttentionSlots;
  readonly attentionNorm: NormSlots;
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
  readonly outputNorm: NormSlots;
}

/** Slots of the encoder. */
interface EncoderSlots extends EmbeddingSlots {
  readonly layers: readonly EncoderLayerSlots[];
}

/** Slots of all tensors. */
export type BartSlots = Seq2SeqSlots<EncoderSlots>;

/** All weights of a model; tables of positions begin with the row of the first token. */
export type BartWeights = Weights<BartSlots>;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export async function readBartWeights(
  checkpoint: Checkpoint,
  config: BartConfig,
  options: ReadOptions = {},
): Promise<BartWeights> {
  const ignored = ignoredNames(checkpoint, config, PREFIX);
  const weights = await readWeights(checkpoint, bartLayout(checkpoint, config), { ...options, ignored });
  const { encoder, decoder } = weights;
  const { offset } = config.encoder.positions;
  const fromFirst = <W extends EmbeddingWeights>(side: W): W => ({
    ...side,
    positions: withoutFirstRows(side.positions, offset),
  });
  return { ...weights, encoder: fromFirst(encoder), decoder: decoder && fromFirst(decoder) };
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function bartLayout(checkpoint: Pick<Checkpoint, 'has'>, config: BartConfig): BartSlots {
  const prefix = sidePrefix(checkpoint, PREFIX);
  const { encoder } = config;
  const layers = Array.from({ length: encoder.layers }, (_, i) =>
    encoderLayer(`${prefix}encoder.layers.${i}`, config),
  );
  return seq2SeqSlots(checkpoint, config, {
    prefix,
    encoder: { ...embeddingSlots(prefix, 'encoder', config, encoder), layers },
  });
}

function encoderLayer(name: string, { encoder: { width, intermediateSize } }: BartConfig): EncoderLayerSlots {
  return {
    attention: attentionSlots(`${name}.self_attn`, width),
    attentionNorm: normSlots(`${name}.self_attn_layer_norm`, width),
    intermediate: linearSlots(`${name}.fc1`, intermediateSize, width),
    output: linearSlots(`${name}.fc2`, width, intermediateSize),
    outputNorm: normSlots(`${name}.final_layer_norm`, width),
  };
}
