/** Which attention is causal in full, and the blocks in which it is computed (`causal.ts`). */
import { type AttentionPlan } from '@attn/core';
import type { AttentionProblem, NodeOf } from '@attn/core/backend';

/** Sizes of the blocks of causal attention. */
export interface CausalBlocks {
  /** Rows of a block of queries. */
  readonly rows: number;
  /** Keys of a block before it. */
  readonly keys: number;
  /** Rows of each triangle on the diagonal. */
  readonly triangle: number;
}

/**
 * Products repack their keys for each block of rows, so many rows cost less. 1,024 rows of 256 logits are a
 * megabyte, which stays in the second-level cache.
 */
const ROWS = 1024;
const KEYS = 256;
const TRIANGLE = 256;

/** Most blocks of rows, and of keys: the model grows with both. */
const MOST_ROW_BLOCKS = 32;
const MOST_KEY_BLOCKS = 64;

/** With fewer keys, starting the operators takes longer than is won. */
const LEAST_LENGTH = 512;

/** The most keys for which a model is written this way: logits of a block are 8 MB there. */
const MOST_LENGTH = 65_536;

/** The sizes of blocks of a call; undefined where causal attention is better scanned. */
export function causalBlocks({
  queryLength: n,
  heads,
  kvHeads,
}: Pick<AttentionProblem, 'queryLength' | 'heads' | 'kvHeads'>): CausalBlocks | undefined {
  if (n < LEAST_LENGTH || n > MOST_LENGTH) return undefined;
  // Rows of all heads that share keys are one block.
  const rows = Math.max(TRIANGLE, Math.floor((ROWS * kvHeads) / heads));
  return {
    rows: Math.max(rows, Math.ceil(n / MOST_ROW_BLOCKS)),
    keys: Math.max(KEYS, Math.ceil(n / MOST_KEY_BLOCKS)),
    triangle: TRIANGLE,
  };
}

/** Whether every query of a node sees its own key and all before it, and nothing is added to logits. */
export function isFullyCausal(
  node: NodeOf<'attention'>,
  { batch, heads, queryLength, keyLength, queryOffset, score }: AttentionProblem,
  plan: AttentionPlan,
): boolean {
  if (queryLength !== keyLength || queryOffset !== 0 || !node.attributes.pattern.isCausal) return false;
  if (score !== undefined) return false;
  if (['bias', 'alibiSlopes', 'relativeBias'].some((name) => node.inputs[name] !== undefined)) return false;
  return (
    plan.stats.allowedPairs === (batch * heads * queryLength * (queryLength + 1)) / 2 &&
    plan.groups.every(({ projection }) => projection === 'local')
  );
}

/** How many pairs causal attention of a head computes in such blocks. */
export function causalPairs(n: number, { triangle }: Pick<CausalBlocks, 'triangle'>): number {
  let pairs = 0;
  for (let start = 0; start < n; start += triangle) {
    const count = Math.min(triangle, n - start);
    pairs += count * (start + count);
  }
  return pairs;
}
