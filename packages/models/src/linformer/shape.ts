/** Everything by which two graphs of one Linformer differ, of either original. */
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
   * Where an input `attention_mask` [B, N], bool, counts: nowhere, and there is none; in the
   * embeddings, which are 0 where it is 0; or in each layer, whose keys and values come from 0 there.
   */
  readonly padding: 'none' | 'embeddings' | 'layers';
  /** An input `position_ids` [B, N], i32; or those of rows without padding. Only fairseq's count tokens. */
  readonly positions: 'input' | 'plain';
}

/** The input `attention_mask`. */
export function maskInput(builder: ModelBuilder, { batch, length }: LinformerShape): Value {
  return builder.input('attention_mask', { dtype: 'bool', shape: [batch, length] });
}
