/**
 * Reformer's attention as a composition of ops: hash the tokens into buckets, sort them by bucket in every
 * round, attend in chunks of the sorted order. Every backend that has the ops runs it. Kitaev et al. 2020,
 * https://arxiv.org/abs/2001.04451
 */
import { checkOptions, type OptionKinds } from '../../check/check-options.ts';
import { AttnError, show } from '../../errors.ts';
import { checkOperands } from '../../graph/check-operands.ts';
import { aBoolean, either, integer, listOf, oneOf } from '../../check/kinds.ts';
import type { GraphBuilder, Value } from '../../graph/builder.ts';
import { inBhnd, type AttentionLayout } from '../../ops/attention/spec.ts';
import { aChunkLength, LSH_ATTRIBUTES, type LshAttentionAttributes } from '../../ops/lsh-attention/spec.ts';
import { checkBuckets } from '../../ops/lsh-hash/infer.ts';
import { sizeOf } from '../../tensor.ts';
import { identityOrder, randomRotations } from './constants.ts';
import { LSH_PRESETS, type LshPreset, type RotationSharing } from './lsh-presets.ts';

/** Options of LSH attention. An absent option comes from the preset. */
export interface LshOptions extends Partial<LshAttentionAttributes> {
  /** Whose conventions. Default `hf`. */
  readonly preset?: LshPreset;
  /** Rounds of hashing. Default: those of `rotations`, `buckets` or `order`, else 4. */
  readonly rounds?: number;
  /** How many buckets, even; or the factors of their number. Default by preset, from the length. */
  readonly bucketCount?: number | readonly number[];
  /**
   * The length that the model was made for, which Hugging Face's number of buckets depends on. Default: the
   * length.
   */
  readonly maxPositions?: number;
  /** Whether hidden tokens have a bucket of their own. */
  readonly maskedBucket?: boolean;
  /** Which heads and batch rows share the rotations that `seed` makes. */
  readonly shareRotations?: RotationSharing;
  /** The seed of the rotations, where none are passed. Default 0. */
  readonly seed?: number;
}

/** All operands by name. */
export const LSH_OPERANDS = {
  required: ['q', 'v'],
  optional: ['keyMask', 'rotations', 'buckets', 'order'],
} as const;

/** What each option must be. */
export const LSH_OPTIONS: OptionKinds<LshOptions> = {
  ...LSH_ATTRIBUTES,
  chunkLength: aChunkLength,
  preset: oneOf('paper', 'trax', 'hf', 'lucidrains'),
  rounds: integer(1, 2 ** 31 - 1),
  bucketCount: either(integer(2, 2 ** 31 - 1), listOf(integer(2, 2 ** 31 - 1), 'a list of factors')),
  maxPositions: integer(1),
  maskedBucket: aBoolean,
  shareRotations: oneOf('all', 'batch', 'none'),
  seed: integer(),
};

/**
 * Operands of LSH attention: B batch, H heads, N tokens, D head dim, R rounds; shapes in the layout `bhnd`.
 */
export interface LshOperands<T> {
  /** [B, H, N, D]: queries, which are the keys as well. */
  readonly q: T;
  /** [B, H, N, Dv]. */
  readonly v: T;
  /** [B, N], bool or u8: 0 hides a token. */
  readonly keyMask?: T;
  /** [D, R, Σf/2], [H, D, R, Σf/2] or [B, H, D, R, Σf/2]: the rotations of `lshHash`. */
  readonly rotations?: T;
  /** [B, H, R, N], i32: buckets known already, as an earlier call returned them; nothing is hashed. */
  readonly buckets?: T;
  /** [B, H, R, N], i32: orders known already; nothing is sorted. */
  readonly order?: T;
}

/** What `buildLsh` returns. */
export interface LshValues {
  readonly out: Value;
  /** With `returnLse`. */
  readonly lse?: Value;
  /** [B, H, R, N], i32; absent where nothing had to be hashed. */
  readonly buckets?: Value;
  /** [B, H, R, N], i32. */
  readonly order: Value;
}

const WHERE = 'core/lsh';
const DEFAULT_ROUNDS = 4;
const DEFAULT_CHUNK = 64;

/** Rotations that nobody gives are made at once, and are 1 GiB at most. */
const MAX_ROTATIONS = 2 ** 28;

/**
 * Reformer's LSH attention of values in a graph: hashes, sorts, and attends in chunks of the sorted tokens.
 * A sequence no longer than a chunk has nothing to gain from hashing: it gets plain attention with shared
 * queries and keys, once. Shapes are in `LshOperands`. Errors: those of the ops, and `INVALID_ARGUMENT` for
 * options that contradict each other.
 *
 * Kitaev et al. 2020, section 2 (https://arxiv.org/abs/2001.04451).
 *
 * @example
 * const { out } = buildLsh(builder, { q, v }, { rounds: 2, chunkLength: 64, causal: true });
 */
export function buildLsh(
  builder: GraphBuilder,
  operands: LshOperands<Value>,
  options: LshOptions = {},
): LshValues {
  checkOperands(WHERE, builder, operands, LSH_OPERANDS);
  checkOptions(WHERE, options, LSH_OPTIONS);
  const { q, v, keyMask } = operands;
  const { preset = 'hf', layout = 'bhnd', chunkLength = DEFAULT_CHUNK, causal, returnLse } = options;
  const { keyNorm, wrap, withinBuckets, duplicates, scaleOf } = LSH_PRESETS[preset];
  const [batch, heads, length, headDim] = inBhnd(checkRank(q, layout), layout);
  const resolved: LshAttentionAttributes = {
    chunkLength,
    chunksBefore: options.chunksBefore,
    chunksAfter: options.chunksAfter,
    causal,
    layout,
    returnLse,
    wrap: options.wrap ?? wrap,
    keyNorm: options.keyNorm ?? keyNorm,
    scale: options.scale ?? scaleOf(headDim),
    withinBuckets: options.withinBuckets ?? withinBuckets,
    duplicates: options.duplicates ?? duplicates,
  };
  if (length <= chunkLength && operands.order === undefined) {
    const order = builder.constant(identityOrder([batch, heads, 1, length]));
    const { out, lse } = builder.lshAttention(
      { q, v, order, keyMask },
      { ...resolved, chunksBefore: 0, chunksAfter: 0, wrap: false, withinBuckets: false, duplicates: 'each' },
    );
    return { out, lse, order };
  }

  const needsBuckets = operands.order === undefined || resolved.withinBuckets;
  const buckets = operands.buckets ?? (needsBuckets ? hash(builder, operands, options) : undefined);
  const order = operands.order ?? builder.argsort(buckets ?? missing());
  const { out, lse } = builder.lshAttention({ q, v, order, buckets, keyMask }, resolved);
  return { out, lse, buckets, order };
}

function missing(): never {
  throw new AttnError('MISSING_INPUT', WHERE, 'buckets or an order are needed to sort by');
}

function hash(
  builder: GraphBuilder,
  { q, keyMask, rotations }: LshOperands<Value>,
  options: LshOptions,
): Value {
  const { preset = 'hf', layout = 'bhnd', chunkLength = DEFAULT_CHUNK, seed = 0 } = options;
  const { bucketsOf, maskedBucket, shareRotations } = LSH_PRESETS[preset];
  const [batch, heads, length, headDim] = inBhnd(q, layout);
  const { bucketCount = bucketsOf(length, chunkLength, options.maxPositions ?? length) } = options;
  const buckets = typeof bucketCount === 'number' ? [bucketCount] : bucketCount;
  checkBuckets(buckets, 'bucketCount');
  const rounds = options.rounds ?? rotations?.shape.at(-2) ?? DEFAULT_ROUNDS;
  if (rotations !== undefined && rotations.shape.at(-2) !== rounds) {
    const shape = show(rotations.shape);
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `rotations must have ${rounds} rounds, got the shape ${shape}`,
    );
  }
  const width = buckets.reduce((sum, factor) => sum + factor / 2, 0);
  const sharing = options.shareRotations ?? shareRotations;
  const owners = { all: [], batch: [heads], none: [batch, heads] }[sharing];
  const shape = [...owners, headDim, rounds, width];
  if (rotations === undefined && sizeOf(shape) > MAX_ROTATIONS) {
    const message = `bucketCount must be so small that its rotations ${show(shape)} have at most 2^28 numbers, got ${show(bucketCount)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const directions = rotations ?? builder.constant(randomRotations(seed, shape));
  const hidden = (options.maskedBucket ?? maskedBucket) ? keyMask : undefined;
  return builder.lshHash({ x: q, rotations: directions, keyMask: hidden }, { buckets, layout });
}

function checkRank(q: Value, layout: AttentionLayout): Value {
  if (q.shape.length === 4) return q;
  const axes = layout === 'bhnd' ? '[batch, heads, seq, headDim]' : '[batch, seq, heads, headDim]';
  throw new AttnError('INVALID_SHAPE', WHERE, `q must be ${axes}, got ${show(q.shape)}`);
}
