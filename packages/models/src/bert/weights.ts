/**
 * Names and shapes of the tensors of BERT, DistilBERT and MPNet. In models with a head, names of the encoder
 * have a prefix; in models without they have none. A model can be read from either.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  normSlots,
  Slot,
  tableSlot,
  sensitive,
  withSensitiveEnd,
  type LinearSlots,
  type MatrixSlots,
  type NormSlots,
  type Weight,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import { cutLayer } from '../checkpoint/weight-rows.ts';
import { adaptersOf, type Adapters, type AdapterSlots } from '../graph/adapters.ts';
import type { LinearWeights } from '../graph/model-builder.ts';
import type { BertConfig, BertType } from './config.ts';
import {
  BERT_HEADS,
  DISTILBERT_HEADS,
  headSlots,
  ROBERTA_HEADS,
  type HeadNames,
  type HeadSlots,
} from './head-weights.ts';

/** Slots of queries, keys and values: of each, or of all three, one below the other. */
export type ProjectionSlots =
  | { readonly query: LinearSlots; readonly key: LinearSlots; readonly value: LinearSlots }
  | { readonly all: LinearSlots | MatrixSlots };

/**
 * Slots of the first layer of a feed-forward, and of its gate, if it has one, which goes through the
 * activation and is multiplied with that layer, which then has none; or of both, the gate above.
 */
export type InnerSlots =
  | { readonly intermediate: LinearSlots | MatrixSlots; readonly gate?: LinearSlots | MatrixSlots }
  | { readonly both: MatrixSlots };

/** Slots of one encoder layer. */
export interface LayerSlots {
  readonly projections: ProjectionSlots;
  readonly inner: InnerSlots;
  readonly attentionOutput: LinearSlots | MatrixSlots;
  readonly attentionNorm: NormSlots;
  readonly output: LinearSlots | MatrixSlots;
  readonly outputNorm: NormSlots;
}

/** Slots of all tensors of BERT, or of a model of its kin. */
export interface BertSlots {
  readonly words: Slot;
  /** Absent where positions are angles. */
  readonly positions?: Slot;
  readonly types?: Slot;
  readonly embeddingNorm: NormSlots;
  /** [buckets, heads]: what all layers add to logits, by distance. */
  readonly relativeBias?: Slot;
  readonly layers: readonly LayerSlots[];
  readonly head: HeadSlots;
  /** What tasks add to weights. */
  readonly adapters?: readonly AdapterSlots[];
}

/** Weights of one encoder layer, each matrix by itself. */
export interface LayerWeights extends Omit<Weights<LayerSlots>, 'projections' | 'inner'> {
  readonly intermediate: LinearWeights;
  readonly gate?: LinearWeights | undefined;
  readonly projections: {
    readonly query: LinearWeights;
    readonly key: LinearWeights;
    readonly value: LinearWeights;
  };
}

/** All weights of a model. */
export interface BertWeights extends Omit<Weights<BertSlots>, 'layers' | 'adapters'> {
  readonly layers: readonly LayerWeights[];
  readonly adapters: Adapters;
}

/** What a kind of model calls its tensors. */
interface Names {
  /** The prefix of the encoder in models with a head. */
  readonly prefix: string;
  readonly layers: string;
  /** Queries, keys, values, the layer after them, and its normalisation. */
  readonly attention: readonly [query: string, key: string, value: string, output: string, norm: string];
  readonly feedForward: readonly [intermediate: string, output: string, norm: string];
  readonly heads: HeadNames;
  readonly hasPooler: boolean;
}

const BERT: Names = {
  prefix: 'bert.',
  layers: 'encoder.layer',
  attention: [
    'attention.self.query',
    'attention.self.key',
    'attention.self.value',
    'attention.output.dense',
    'attention.output.LayerNorm',
  ],
  feedForward: ['intermediate.dense', 'output.dense', 'output.LayerNorm'],
  heads: BERT_HEADS,
  hasPooler: true,
};

/** What jina-embeddings-v2 calls its feed-forwards. */
const GATED: Names['feedForward'] = ['mlp.gated_layers', 'mlp.wo', 'mlp.layernorm'];

const ROBERTA: Names = { ...BERT, prefix: 'roberta.', heads: ROBERTA_HEADS };

const MPNET: Names = {
  ...ROBERTA,
  prefix: 'mpnet.',
  attention: [
    'attention.attn.q',
    'attention.attn.k',
    'attention.attn.v',
    'attention.attn.o',
    'attention.LayerNorm',
  ],
};

const DISTILBERT: Names = {
  prefix: 'distilbert.',
  layers: 'transformer.layer',
  attention: ['attention.q_lin', 'attention.k_lin', 'attention.v_lin', 'attention.out_lin', 'sa_layer_norm'],
  feedForward: ['ffn.lin1', 'ffn.lin2', 'output_layer_norm'],
  heads: DISTILBERT_HEADS,
  hasPooler: false,
};

const NAMES: Readonly<Record<BertType, Names>> = {
  bert: BERT,
  roberta: ROBERTA,
  'xlm-roberta': ROBERTA,
  camembert: ROBERTA,
  distilbert: DISTILBERT,
  mpnet: MPNET,
};

/** The prefix of the encoder's tensors in checkpoints with a head. */
export function prefixOfType(type: BertType): string {
  return NAMES[type].prefix;
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function bertLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: BertConfig & { readonly type: BertType },
): BertSlots {
  const { type, hiddenSize, vocabSize, intermediateSize, layers, heads, tokenTypes, relativeBuckets } =
    config;
  const names = NAMES[type];
  const prefix = prefixOf(checkpoint, names.prefix, 'embeddings.word_embeddings.weight');
  const embeddings = `${prefix}embeddings`;
  const table = (name: string, rows: number): Slot => new Slot(name, [rows, hiddenSize]);
  const layer = (name: string): LayerSlots => {
    const [query, key, value, attentionOutput] = names.attention
      .slice(0, 4)
      .map((own) => linearSlots(`${name}.${own}`, hiddenSize, hiddenSize));
    const isGated = config.positions.kind === 'alibi';
    const feedForward = isGated ? GATED : names.feedForward;
    const [intermediate, output, outputNorm] = feedForward.map((own) => `${name}.${own}`);
    return {
      projections: { query, key, value: sensitive(value) },
      attentionOutput,
      attentionNorm: normSlots(`${name}.${names.attention[4]}`, hiddenSize),
      inner: isGated
        ? { both: matrixSlots(intermediate, 2 * intermediateSize, hiddenSize) }
        : { intermediate: linearSlots(intermediate, intermediateSize, hiddenSize) },
      output: linearSlots(output, hiddenSize, intermediateSize),
      outputNorm: normSlots(outputNorm, hiddenSize),
    };
  };
  const words = tableSlot(`${embeddings}.word_embeddings.weight`, vocabSize, hiddenSize);
  return {
    words,
    ...(config.positions.kind === 'table' && {
      positions: table(`${embeddings}.position_embeddings.weight`, config.positions.rows),
    }),
    ...(tokenTypes > 0 && { types: table(`${embeddings}.token_type_embeddings.weight`, tokenTypes) }),
    embeddingNorm: normSlots(`${embeddings}.LayerNorm`, hiddenSize),
    ...(relativeBuckets > 0 && {
      relativeBias: new Slot(`${prefix}encoder.relative_attention_bias.weight`, [relativeBuckets, heads]),
    }),
    layers: withSensitiveEnd(
      Array.from({ length: layers }, (_, i) => layer(`${prefix}${names.layers}.${i}`)),
    ),
    head: headSlots(checkpoint, config, {
      names: names.heads,
      ...(names.hasPooler && { pooler: `${prefix}pooler.dense` }),
      words,
    }),
  };
}

/**
 * Reads the weights of a layout. Poolers and heads that it does not name may be there. Errors: those of
 * `readWeights`.
 */
export async function readBertWeights(
  checkpoint: Checkpoint,
  layout: BertSlots,
  prefix: string,
  options: ReadOptions = {},
): Promise<BertWeights> {
  const pooler = new RegExp(`^(${prefix.replaceAll('.', '\\.')})?pooler\\.`);
  const weights = await readWeights(checkpoint, layout, {
    ...options,
    ignored: [pooler, ...namesOfHeads(checkpoint, prefix)],
  });
  const layers = weights.layers.map(apart);
  // Adapters of three matrices in one are of each of them.
  const parts = new Map(
    weights.layers.flatMap(({ projections }, i): [Weight, readonly Weight[]][] => {
      if ('query' in projections) return [];
      const { query, key, value } = layers[i].projections;
      return [[projections.all.weight, [query.weight, key.weight, value.weight]]];
    }),
  );
  const adapters = (weights.adapters ?? []).flatMap(({ weight, ...own }) =>
    adaptersOf(parts.get(weight) ?? [weight], own),
  );
  return { ...weights, layers, adapters: new Map(adapters) };
}

/** The weights of a layer, each matrix by itself. */
function apart({ projections, inner, ...layer }: Weights<LayerSlots>): LayerWeights {
  return { ...layer, ...innerApart(inner), projections: projectionsApart(projections) };
}

function projectionsApart(projections: Weights<ProjectionSlots>): LayerWeights['projections'] {
  if ('query' in projections) return projections;
  const [query, key, value] = cutLayer(projections.all, 3);
  return { query, key, value };
}

function innerApart(inner: Weights<InnerSlots>): Pick<LayerWeights, 'intermediate' | 'gate'> {
  if ('intermediate' in inner) return inner;
  const [gate, intermediate] = cutLayer(inner.both, 2);
  return { gate, intermediate };
}
