/** Names and shapes of the tensors that BART and LED have in common: the decoder, and the heads. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  sensitive,
  Slot,
  tableSlot,
  type LinearSlots,
  type NormSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import type { Seq2SeqConfig, StackConfig } from './config.ts';

/** Slots of the projections of an attention. */
export interface AttentionSlots {
  readonly query: LinearSlots;
  readonly key: LinearSlots;
  readonly value: LinearSlots;
  readonly output: LinearSlots;
}

/** Slots of one layer of the decoder. */
interface DecoderLayerSlots {
  readonly self: AttentionSlots;
  readonly selfNorm: NormSlots;
  /** Attention to the states of the encoder. */
  readonly cross: AttentionSlots;
  readonly crossNorm: NormSlots;
  readonly intermediate: LinearSlots;
  readonly output: LinearSlots;
  readonly outputNorm: NormSlots;
}

/** Slots of a side before its layers. */
export interface EmbeddingSlots {
  readonly words: Slot;
  readonly positions: Slot;
  readonly embeddingNorm: NormSlots;
}

/** Slots of the decoder. */
interface DecoderSlots extends EmbeddingSlots {
  readonly layers: readonly DecoderLayerSlots[];
}

/** Slots of the head; the task says which of them exist. */
interface HeadSlots {
  /** The last layer of a language model, and what is added to its logits, [1, vocabulary]. */
  readonly words?: { readonly weight: Slot };
  readonly wordBias?: Slot;
  /** Layer between the state of a text's end and the classes. */
  readonly dense?: LinearSlots;
  /** Layer to classes, or to starts and ends of answers. */
  readonly classifier?: LinearSlots;
}

/** Slots of all tensors. `E` are those of the encoder; without a decoder, the model is the encoder. */
export interface Seq2SeqSlots<E extends object> {
  readonly encoder: E;
  readonly decoder: DecoderSlots | undefined;
  readonly head: HeadSlots;
}

/** Weights of all but the encoder. */
export type DecodingWeights = Weights<Pick<Seq2SeqSlots<object>, 'decoder' | 'head'>>;

/** Weights of the projections of an attention. */
export type AttentionWeights = Weights<AttentionSlots>;

/** Weights of one layer of the decoder. */
export type DecoderLayerWeights = Weights<DecoderLayerSlots>;

/** Weights of a side before its layers. */
export type EmbeddingWeights = Weights<EmbeddingSlots>;

/** Weights of the decoder. */
export type DecoderWeights = Weights<DecoderSlots>;

/** Weights of a head. */
export type HeadWeights = Weights<HeadSlots>;

/** Where a checkpoint has its tensors. */
type Names = Pick<Checkpoint, 'has'>;

/** The prefix of both sides' names in this checkpoint: `prefix` in models with a head, else empty. */
export function sidePrefix(checkpoint: Names, prefix: string): string {
  return prefixOf(checkpoint, prefix, 'encoder.embed_positions.weight');
}

/** Slots of the projections of an attention. */
export function attentionSlots(name: string, width: number): AttentionSlots {
  const square = (part: string): LinearSlots => linearSlots(`${name}.${part}_proj`, width, width);
  return { query: square('q'), key: square('k'), value: sensitive(square('v')), output: square('out') };
}

/** Slots of words, which both sides share where they are tied, of positions, and of the norm after them. */
export function embeddingSlots(
  prefix: string,
  side: 'encoder' | 'decoder',
  { vocabSize, isTied }: Pick<Seq2SeqConfig, 'vocabSize' | 'isTied'>,
  { width, positions }: Pick<StackConfig, 'width' | 'positions'>,
): EmbeddingSlots {
  const rows = positions.count + positions.offset;
  const words = isTied ? 'shared.weight' : `${side}.embed_tokens.weight`;
  return {
    words: tableSlot(`${prefix}${words}`, vocabSize, width),
    positions: new Slot(`${prefix}${side}.embed_positions.weight`, [rows, width]),
    embeddingNorm: normSlots(`${prefix}${side}.layernorm_embedding`, width),
  };
}

/** Slots of all tensors, with these of the encoder. */
export function seq2SeqSlots<E extends object>(
  checkpoint: Names,
  config: Seq2SeqConfig,
  { prefix, encoder }: { readonly prefix: string; readonly encoder: E },
): Seq2SeqSlots<E> {
  if (config.task === 'encoder') return { encoder, decoder: undefined, head: {} };
  const { decoder } = config;
  return {
    encoder,
    decoder: {
      ...embeddingSlots(prefix, 'decoder', config, decoder),
      layers: Array.from({ length: decoder.layers }, (_, i) =>
        decoderLayer(`${prefix}decoder.layers.${i}`, decoder),
      ),
    },
    head: headSlots(checkpoint, config, prefix),
  };
}

function decoderLayer(name: string, { width, intermediateSize }: StackConfig): DecoderLayerSlots {
  return {
    self: attentionSlots(`${name}.self_attn`, width),
    selfNorm: normSlots(`${name}.self_attn_layer_norm`, width),
    cross: attentionSlots(`${name}.encoder_attn`, width),
    crossNorm: normSlots(`${name}.encoder_attn_layer_norm`, width),
    intermediate: linearSlots(`${name}.fc1`, intermediateSize, width),
    output: linearSlots(`${name}.fc2`, width, intermediateSize),
    outputNorm: normSlots(`${name}.final_layer_norm`, width),
  };
}

const WORD_BIAS = 'final_logits_bias';

function headSlots(
  checkpoint: Names,
  { task, vocabSize, labels, isTied, decoder: { width } }: Seq2SeqConfig,
  prefix: string,
): HeadSlots {
  switch (task) {
    case 'states':
    case 'encoder':
      return {};
    case 'generation': {
      const table = tableSlot(`${prefix}shared.weight`, vocabSize, width);
      return {
        words: { weight: isTied ? table : new Slot('lm_head.weight', [vocabSize, width], 'linear') },
        ...(checkpoint.has(WORD_BIAS) && { wordBias: new Slot(WORD_BIAS, [1, vocabSize]) }),
      };
    }
    case 'sequence':
      return {
        dense: linearSlots('classification_head.dense', width, width),
        classifier: linearSlots('classification_head.out_proj', labels, width),
      };
    case 'answer':
      return { classifier: linearSlots('qa_outputs', 2, width) };
    default:
      return task satisfies never;
  }
}

/** Names of the table of words. Files of tied models may have several of them. */
const WORDS = /^([a-z]+\.)?(shared|(en|de)coder\.embed_tokens|lm_head)\.weight$/;

/** Names of tensors that the model of a task does not need: heads, and for an encoder the decoder. */
export function ignoredNames(
  checkpoint: Checkpoint,
  { task }: Seq2SeqConfig,
  prefix: string,
): readonly RegExp[] {
  const ignored = [...namesOfHeads(checkpoint, prefix), WORDS];
  return task === 'encoder' ? [...ignored, /^([a-z]+\.)?decoder\./] : ignored;
}
