/**
 * Names and shapes of a ModernBERT's tensors in a checkpoint, and the weights that its graph is made of. In
 * models with a head, Hugging Face's names begin with `model.`; in `ModernBertModel` they do not. A model can
 * be read from either.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { Slot, type Weights } from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import { cutLayer } from '../checkpoint/weight-rows.ts';
import type { LinearWeights } from '../graph/model-builder.ts';
import type { ModernBertConfig } from './config.ts';

/** Slots of a linear layer, or of a normalisation: the config says whether they have a bias. */
interface LayerSlots {
  readonly weight: Slot;
  readonly bias: Slot | undefined;
}

/** Slots of one encoder layer. */
interface EncoderLayerSlots {
  /** The first layer has none: what it sees is normalised already. */
  readonly attentionNorm: LayerSlots | undefined;
  /** Queries, keys and values, below each other. */
  readonly projections: LayerSlots;
  readonly attentionOutput: LayerSlots;
  readonly feedForwardNorm: LayerSlots;
  /** What goes through the activation, and what that is multiplied with, below each other. */
  readonly gated: LayerSlots;
  readonly output: LayerSlots;
}

/** Slots of the head. */
interface HeadSlots {
  readonly dense: LayerSlots;
  readonly norm: LayerSlots;
  /** Layer to words, to classes, or to starts and ends of answers. */
  readonly last: LayerSlots;
}

/** Slots of all tensors. */
interface ModernBertSlots {
  readonly words: Slot;
  readonly embeddingNorm: LayerSlots;
  readonly layers: readonly EncoderLayerSlots[];
  readonly finalNorm: LayerSlots;
  readonly head: HeadSlots | undefined;
}

/** Weights of one encoder layer. The matrices that a checkpoint stores as one are apart. */
export type LayerWeights = Omit<Weights<EncoderLayerSlots>, 'projections' | 'gated'> & {
  readonly query: LinearWeights;
  readonly key: LinearWeights;
  readonly value: LinearWeights;
  /** What goes through the activation. */
  readonly gate: LinearWeights;
  /** What the activation is multiplied with. */
  readonly up: LinearWeights;
};

/** Weights of a head. */
export type HeadWeights = Weights<HeadSlots>;

/** All weights of a model. */
export type ModernBertWeights = Omit<Weights<ModernBertSlots>, 'layers'> & {
  readonly layers: readonly LayerWeights[];
};

const PREFIX = 'model.';

/** The decoder of a tied model, which some files store again. */
const DECODER = /^decoder\.weight$/;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export async function readModernBertWeights(
  checkpoint: Checkpoint,
  config: ModernBertConfig,
  options: ReadOptions = {},
): Promise<ModernBertWeights> {
  const isWithoutHead = config.architecture === 'ModernBertModel';
  const ignored = [
    ...(isWithoutHead ? namesOfHeads(checkpoint, PREFIX) : []),
    ...(config.head.isTied ? [DECODER] : []),
  ];
  const weights = await readWeights(checkpoint, modernBertLayout(checkpoint, config), {
    ...options,
    ignored,
  });
  return { ...weights, layers: weights.layers.map(apart) };
}

/** The weights of a layer, each matrix by itself. */
function apart({ projections, gated, ...layer }: Weights<EncoderLayerSlots>): LayerWeights {
  const [query, key, value] = cutLayer(projections, 3);
  const [gate, up] = cutLayer(gated, 2);
  return { ...layer, query, key, value, gate, up };
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function modernBertLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: ModernBertConfig,
): ModernBertSlots {
  const { hiddenSize, intermediateSize, vocabSize, normBias, attentionBias, mlpBias } = config;
  const prefix = prefixOf(checkpoint, PREFIX, 'embeddings.tok_embeddings.weight');
  const norm = (name: string): LayerSlots => normSlots(name, hiddenSize, normBias);
  const words = new Slot(`${prefix}embeddings.tok_embeddings.weight`, [vocabSize, hiddenSize], 'embeddings');
  return {
    words,
    embeddingNorm: norm(`${prefix}embeddings.norm`),
    layers: config.layers.map((_, i) => {
      const name = `${prefix}layers.${i}`;
      return {
        attentionNorm: i === 0 ? undefined : norm(`${name}.attn_norm`),
        projections: denseSlots(`${name}.attn.Wqkv`, [3 * hiddenSize, hiddenSize], attentionBias),
        attentionOutput: denseSlots(`${name}.attn.Wo`, [hiddenSize, hiddenSize], attentionBias),
        feedForwardNorm: norm(`${name}.mlp_norm`),
        gated: denseSlots(`${name}.mlp.Wi`, [2 * intermediateSize, hiddenSize], mlpBias),
        output: denseSlots(`${name}.mlp.Wo`, [hiddenSize, intermediateSize], mlpBias),
      };
    }),
    finalNorm: norm(`${prefix}final_norm`),
    head: headSlots(config, words),
  };
}

function headSlots(
  { architecture, hiddenSize, normBias, head }: ModernBertConfig,
  words: Slot,
): HeadSlots | undefined {
  const last = lastSlots(architecture, head, words);
  return (
    last && {
      dense: denseSlots('head.dense', [hiddenSize, hiddenSize], head.bias),
      norm: normSlots('head.norm', hiddenSize, normBias),
      last,
    }
  );
}

function lastSlots(
  architecture: ModernBertConfig['architecture'],
  { labels, isTied, decoderBias }: ModernBertConfig['head'],
  words: Slot,
): LayerSlots | undefined {
  const [vocabSize, hiddenSize] = words.shape;
  const classifier = (count: number): LayerSlots => denseSlots('classifier', [count, hiddenSize], true);
  switch (architecture) {
    case 'ModernBertModel':
      return undefined;
    case 'ModernBertForMaskedLM': {
      const decoder = denseSlots('decoder', [vocabSize, hiddenSize], decoderBias);
      return isTied ? { ...decoder, weight: words } : decoder;
    }
    case 'ModernBertForSequenceClassification':
    case 'ModernBertForTokenClassification':
      return classifier(labels);
    case 'ModernBertForQuestionAnswering':
      return classifier(2);
    case 'ModernBertForMultipleChoice':
      return classifier(1);
    default:
      return architecture satisfies never;
  }
}

function denseSlots(name: string, [out, inside]: readonly [number, number], hasBias: boolean): LayerSlots {
  return {
    weight: new Slot(`${name}.weight`, [out, inside], 'linear'),
    bias: hasBias ? new Slot(`${name}.bias`, [out]) : undefined,
  };
}

function normSlots(name: string, width: number, hasBias: boolean): LayerSlots {
  return {
    weight: new Slot(`${name}.weight`, [width]),
    bias: hasBias ? new Slot(`${name}.bias`, [width]) : undefined,
  };
}
