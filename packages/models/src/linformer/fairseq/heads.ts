/** The part of fairseq's Linformer after its encoder: from [B, N, C] to the original's outputs. */
import type { Value } from '@attn/core';
import { maskedLmLogits, rowLogits } from '../../graph/heads.ts';
import type { ModelBuilder } from '../../graph/model-builder.ts';
import { EPS } from '../shape.ts';
import type { FairseqArchitecture, FairseqConfig } from './config.ts';
import type { FairseqWeights } from './weights.ts';

/** Names of a model's outputs. */
export function fairseqOutputNames(architecture: FairseqArchitecture): readonly string[] {
  switch (architecture) {
    case 'LinformerModel':
      return ['last_hidden_state'];
    case 'LinformerForMaskedLM':
    case 'LinformerForSequenceClassification':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** The outputs by name. `logits` are [B, N, vocabulary] or [B, labels]. */
export function headOutputs(
  builder: ModelBuilder,
  { activation, poolerActivation }: FairseqConfig,
  { maskedLm, classifier }: FairseqWeights,
  hidden: Value,
): Record<string, Value> {
  if (maskedLm) return { logits: maskedLmLogits(builder, hidden, maskedLm, { activation, eps: EPS }) };
  if (classifier) {
    const { dense, output } = classifier;
    return { logits: rowLogits(builder, hidden, dense, output, poolerActivation) };
  }
  return { last_hidden_state: hidden };
}
