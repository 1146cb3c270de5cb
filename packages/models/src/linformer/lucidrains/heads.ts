/** The part of lucidrains' Linformer after its layers: from [B, N, C] to the original's outputs. */
import type { Value } from '@attn/core';
import type { ModelBuilder } from '../../graph/model-builder.ts';
import type { LucidrainsArchitecture } from './config.ts';
import type { LucidrainsWeights } from './weights.ts';

/** Names of a model's outputs. */
export function lucidrainsOutputNames(architecture: LucidrainsArchitecture): readonly string[] {
  switch (architecture) {
    case 'Linformer':
      return ['last_hidden_state'];
    case 'LinformerLM':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** The outputs by name. `logits` are [B, N, vocabulary]. */
export function headOutputs(
  builder: ModelBuilder,
  { logits }: LucidrainsWeights,
  hidden: Value,
): Record<string, Value> {
  return logits ? { logits: builder.dense(hidden, logits) } : { last_hidden_state: hidden };
}
