/**
 * BigBird's attention as it is in use, where the original draws no random blocks. Blocks of queries see:
 *
 * - the first and the last: every key;
 * - the others: the first block of keys, the last one, their own and its neighbours. The first block counts
 *   1 + r times, because it stands in the place of the r random blocks of training.
 *
 * Keys that count 1 + r times have a bias of ln(1 + r): e^(x + ln(1 + r)) = (1 + r) · e^x. It is a bias of
 * keys, the same for all queries that have it, so it is one row, and the two kinds of queries are two
 * attentions. Each leaves the other's rows 0, and their sum is the result.
 */
import { f32, full, where, type Pattern, type Tensor, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { BigBirdBlocks } from './config.ts';

/** Whether rows of this length are cut into blocks. In shorter ones every token sees every token. */
export function isBlockSparse(blocks: BigBirdBlocks | undefined, length: number): blocks is BigBirdBlocks {
  return blocks !== undefined && length > mostFull(blocks);
}

/** Tokens of the longest row that is not cut into blocks. */
export function mostFull({ size, random }: BigBirdBlocks): number {
  return (5 + 2 * random) * size;
}

/** Queries, keys and values [B, N, heads, width], and which keys are tokens, [B, N]. */
export interface Operands {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly keyMask: Value | undefined;
}

/** Adds the attention of one layer, [B, N, heads, width]. */
export function bigBirdAttention(
  builder: ModelBuilder,
  { q, k, v, keyMask }: Operands,
  { blocks, bias }: BlockMasks,
): Value {
  const layout = 'bnhd';
  if (blocks === undefined) {
    return builder.attention({ q, k, v, keyMask }, { pattern: full(), layout }).out;
  }
  // Rows of padding are 0 before the output projection.
  const operands = { q, k, v, keyMask, queryMask: keyMask };
  const outer = builder.attention(operands, { pattern: blocks.outer, layout });
  const inner = builder.attention({ ...operands, bias }, { pattern: blocks.inner, layout });
  return builder.add(outer.out, inner.out);
}

/** What all layers of a graph have in common. */
export interface BlockMasks {
  /** Absent where every token sees every token. */
  readonly blocks?: {
    /** What the first and the last block see. */
    readonly outer: Pattern;
    /** What the blocks between them see. */
    readonly inner: Pattern;
  };
  /** [1, 1, 1, N], for the blocks between. */
  readonly bias?: Value | undefined;
}

/** The patterns and the bias for rows of this length. */
export function blockMasks(
  builder: ModelBuilder,
  blocks: BigBirdBlocks | undefined,
  length: number,
): BlockMasks {
  if (!isBlockSparse(blocks, length)) return {};
  const { size, random } = blocks;
  const last = Math.floor((length - 1) / size) * size;
  const outer = where(({ q }) => q.lt(size).or(q.ge(last)));
  const inner = where(({ q, k }) => {
    const isNear = q.div(size).sub(k.div(size)).abs().le(1);
    const isSeen = isNear.or(k.lt(size)).or(k.ge(last));
    return q.ge(size).and(q.lt(last)).and(isSeen);
  });
  const bias = random === 0 ? undefined : builder.constant(timesOfKeys(size, 1 + random, length));
  return { blocks: { outer, inner }, bias };
}

/** The bias of keys of which the first `size` count so many times: [1, 1, 1, length]. */
function timesOfKeys(size: number, times: number, length: number): Tensor<'f32'> {
  return f32([1, 1, 1, length], new Float32Array(length).fill(Math.log(times), 0, size));
}
