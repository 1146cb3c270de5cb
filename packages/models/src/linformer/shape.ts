/** Everything in which two graphs of one Linformer, of either original, can differ. */
import type { Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** PyTorch's default epsilon of a layer normalisation, which both originals use. */
export const EPS = 1e-5;

/** What a graph is built for. */
export interface LinformerShape {
  /** B. */
  readonly batch: number;
  /** N, at most the model's own. */
  readonly length: number;
  /**
   * Where the input `attention_mask` [B, N], bool, counts. `none`: there is no such input. `embeddings`:
   * embeddings are 0 where it is 0. `layers`: keys and values of each layer come from 0 there.
   */
  readonly padding: 'none' | 'embeddings' | 'layers';
  /**
   * `input`: there is an input `position_ids` [B, N], i32; only fairseq's positions need
   * it, as they count tokens. `plain`: positions are those of rows without padding.
   */
  readonly positions: 'input' | 'plain';
}

/** The input `attention_mask`. */
export function maskInput(builder: ModelBuilder, { batch, length }: LinformerShape): Value {
  return builder.input('attention_mask', { dtype: 'bool', shape: [batch, length] });
}
