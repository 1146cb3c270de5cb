/** Which attention is causal in full, and the blocks in which it is computed (`causal.ts`). */
import { type AttentionPlan } from '@attn/core';
import type { AttentionProblem, NodeOf } from '@attn/core/backend';

/** Sizes of the blocks of causal attention. */
export interface CausalBlocks {
  /** Rows of a block of queries, which also is the size of its triangle. */
  readonly rows: number;
  /** Keys of a block before it. */
  readonly keys: number;
}

/** 256 rows of 512 logits are half a megabyte, which stays in the second-level cache. */
const ROWS = 256;
const KEYS = 512;

/** Most blocks of rows, and of keys: the model grows with both. */
const MOST_ROW_BLOCKS = 32;
const MOST_KEY_BLOCKS = 64;

/** With fewer keys, starting the operators takes longer than is won. */
const LEAST_LENGTH = 512;

/** The most keys for which a model is written this way: logits of a block are 8 MB there. */
const MOST_LENGTH = 65_536;

/** The sizes of blocks for sequences of `n`; undefined where causal attention is better scanned. */
export function causalBlocks(n: number): CausalBlocks | undefined {
  if (n < LEAST_LENGTH || n > MOST_LENGTH) return undefined;
  return {
    rows: Math.max(ROWS, Math.ceil(n / MOST_ROW_BLOCKS)),
    keys: Math.max(KEYS, Math.ceil(n / MOST_KEY_BLOCKS)),
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

/** How many pairs causal attention of a head computes, in blocks of so many rows. */
export function causalPairs(n: number, { rows }: Pick<CausalBlocks, 'rows'>): number {
  let pairs = 0;
  for (let start = 0; start < n; start += rows) {
    const count = Math.min(rows, n - start);
    pairs += count * (start + count);
  }
  return pairs;
}
