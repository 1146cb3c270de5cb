/** The config of Longformer-base, and ids for it. */
import { i32, type JsonObject } from '@attn/core';
import { LONGFORMER_PRESETS, type TokenBatch } from '@attn/models/node';

/** Smallest id of a word; smaller ids are special tokens. */
const FIRST_WORD = 4;

/**
 * The config of Longformer-base with this many positions; with `quick`, of one layer with a small vocabulary.
 */
export function longformerConfig(
  positions: number,
  { quick }: { readonly quick: boolean },
): JsonObject & { num_hidden_layers: number } {
  const layers = quick ? 1 : 12;
  return {
    ...LONGFORMER_PRESETS['longformer-base'],
    num_hidden_layers: layers,
    attention_window: new Array<number>(layers).fill(512),
    max_position_embeddings: positions,
    ...(quick && { vocab_size: 1024 }),
  };
}

/** A batch of one row of `n` words. */
export function tokens(n: number): TokenBatch {
  return {
    inputIds: i32(
      [1, n],
      Int32Array.from({ length: n }, (_, i) => FIRST_WORD + ((i * 7919) % 997)),
    ),
  };
}
