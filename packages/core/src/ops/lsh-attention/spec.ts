/**
 * The `lshAttention` op: attention with shared queries and keys in the chunks of a sorted order. Each round
 * of hashing gives an order of the tokens (`lshHash`, then `argsort`); it is cut into chunks, a token attends
 * to its chunk and to neighbours of it, and the rounds are combined by their log-sum-exp. Reformer, Kitaev et
 * al. 2020, §2, https://arxiv.org/abs/2001.04451
 */
import type { OptionKinds } from '../../check/check-options.ts';
import { aBoolean, aNumber, integer, oneOf, required, type Kind } from '../../check/kinds.ts';
import { aLayout, inBhnd, type AttentionLayout, type Shaped } from '../attention/spec.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `lshAttention`. */
export interface LshAttentionAttributes {
  /** Tokens of a chunk. The last chunk of a round has fewer if this does not divide the length. */
  readonly chunkLength: number;
  /** How many chunks before its own a token attends to. Default 1. */
  readonly chunksBefore?: number;
  /** How many chunks after its own a token attends to. Default 0. */
  readonly chunksAfter?: number;
  /**
   * Whether the chunks of all rounds, one round after another, are a cycle: the first chunk looks back at the
   * last, and a round at the round before (trax, Hugging Face, lucidrains). Default false: the first chunk of
   * a round has no chunk before it (the paper).
   */
  readonly wrap?: boolean;
  /** Whether a token attends to earlier tokens only, by their original positions. Default false. */
  readonly causal?: boolean;
  /**
   * Keys are x / √(mean(x²) + 1e-6) / √D (`rms`, trax and Hugging Face), or x / max(‖x‖, 1e-12) (`l2`).
   * Default `rms`.
   */
  readonly keyNorm?: 'rms' | 'l2';
  /** Factor on q·k. Default 1: keys are unit vectors already. */
  readonly scale?: number;
  /** Whether a token attends only to tokens of its own bucket and round. Needs the input `buckets`. */
  readonly withinBuckets?: boolean;
  /**
   * How a pair counts that meets several times. `each` (default): each time. `once`: by the paper's term log
   * N_ij; needs `wrap: false`. `lucidrains`: with the term log(count + 1e-9) of lucidrains' implementation;
   * needs `wrap: true`. That count omits pairs that meet only where one round follows another, so that they
   * weigh 10⁹ times as much.
   */
  readonly duplicates?: 'each' | 'once' | 'lucidrains';
  /** The axes of q, v and out. Default `bhnd`. */
  readonly layout?: AttentionLayout;
  /** Whether to return the log-sum-exp, too: lse [B, H, N], f32, natural log. */
  readonly returnLse?: boolean;
}

/**
 * The inputs of `lshAttention`, with shapes in the layout `bhnd` (B batch, H heads, N tokens, D head dim,
 * Dv value dim, R rounds).
 *
 * Output: `out` [B, H, N, Dv] in the layout and dtype of q; with `returnLse` also `lse` [B, H, N], f32. A
 * token attends to itself only if it sees no other token in any round: out is then its value, and lse −∞. A
 * token that the mask hides gives 0 and −∞. Errors: `MISSING_INPUT`, `INVALID_SHAPE`, `INVALID_DTYPE`,
 * `INVALID_ARGUMENT`; the last also at run time, for an order that is no permutation.
 */
export interface LshAttentionInputs<T> {
  /** [B, H, N, D], f32 or f16: queries, and keys before they are normalised. */
  readonly q: T;
  /** [B, H, N, Dv], of the dtype of q: values. */
  readonly v: T;
  /** [B, H, R, N], i32: a permutation of 0 … N − 1 in each row. */
  readonly order: T;
  /** [B, H, R, N], i32: the buckets of the tokens; needed for `withinBuckets`. */
  readonly buckets?: T;
  /** [B, N], bool or u8: tokens with 0 neither attend nor are attended to. */
  readonly keyMask?: T;
}

/** More neighbours are a mistake, and would let numbers of a call overflow. */
const MAX_NEIGHBOURS = 2 ** 16 - 1;

/** A number of tokens. */
export const aChunkLength: Kind = integer(1, 2 ** 31 - 1);

/** What each attribute of `lshAttention` must be. */
export const LSH_ATTRIBUTES: OptionKinds<LshAttentionAttributes> = {
  chunkLength: required(aChunkLength),
  chunksBefore: integer(0, MAX_NEIGHBOURS),
  chunksAfter: integer(0, MAX_NEIGHBOURS),
  wrap: aBoolean,
  causal: aBoolean,
  keyNorm: oneOf('rms', 'l2'),
  scale: aNumber,
  withinBuckets: aBoolean,
  duplicates: oneOf('each', 'once', 'lucidrains'),
  layout: aLayout,
  returnLse: aBoolean,
};

/** The interface of the `lshAttention` op. */
export const lshAttentionSpec: OpSpec<LshAttentionAttributes> = {
  required: ['q', 'v', 'order'],
  optional: ['buckets', 'keyMask'],
  attributes: LSH_ATTRIBUTES,
  flops: (inputs, attributes) => {
    const { batch, heads, headDim, valueDim, pairs } = lshProblem(inputs, attributes);
    return 2 * batch * heads * pairs * (headDim + valueDim);
  },
};

/** The sizes of a call of LSH attention, and its options with defaults. */
export interface LshProblem {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly headDim: number;
  readonly valueDim: number;
  readonly rounds: number;
  readonly chunkLength: number;
  /** Chunks of a round. */
  readonly chunks: number;
  readonly chunksBefore: number;
  readonly chunksAfter: number;
  /** Query–key pairs of a head in all rounds, visible or not, as if the ends of rounds had all neighbours. */
  readonly pairs: number;
  readonly wrap: boolean;
  readonly causal: boolean;
  readonly keyNorm: 'rms' | 'l2';
  readonly scale: number;
  readonly withinBuckets: boolean;
  readonly duplicates: 'each' | 'once' | 'lucidrains';
  readonly layout: AttentionLayout;
  readonly returnLse: boolean;
}

/** Derives the sizes and options of a call of LSH attention. Its inputs must have passed `infer`. */
export function lshProblem(
  { q, v, order }: Readonly<Record<string, Shaped>>,
  attributes: LshAttentionAttributes,
): LshProblem {
  const { chunkLength, chunksBefore = 1, chunksAfter = 0, layout = 'bhnd' } = attributes;
  const [batch, heads, length, headDim] = inBhnd(q, layout);
  const rounds = order.shape[2];
  return {
    batch,
    heads,
    length,
    headDim,
    valueDim: v.shape[3],
    rounds,
    chunkLength,
    chunksBefore,
    chunksAfter,
    chunks: Math.ceil(length / chunkLength),
    pairs: rounds * length * Math.min(length, (1 + chunksBefore + chunksAfter) * chunkLength),
    wrap: attributes.wrap ?? false,
    causal: attributes.causal ?? false,
    keyNorm: attributes.keyNorm ?? 'rms',
    scale: attributes.scale ?? 1,
    withinBuckets: attributes.withinBuckets ?? false,
    duplicates: attributes.duplicates ?? 'each',
    layout,
    returnLse: attributes.returnLse ?? false,
  };
}
