/** The part of a Reformer after its encoder: from [B, N, 2·H] to the outputs that the original has. */
import type { Value } from '@attn/core';
import { answerLogits, rowLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { ReformerArchitecture } from './config.ts';
import type { ReformerWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: ReformerArchitecture): readonly string[] {
  switch (architecture) {
    case 'ReformerModel':
      return ['last_hidden_state'];
    case 'ReformerForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'ReformerModelWithLMHead':
    case 'ReformerForMaskedLM':
    case 'ReformerForSequenceClassification':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** The outputs by name. `logits` are [B, N, vocabulary] or [B, labels], those of answers [B, N]. */
export function headOutputs(
  builder: ModelBuilder,
  { decoder, dense, classifier }: ReformerWeights['head'],
  hidden: Value,
): Record<string, Value> {
  if (decoder) return { logits: builder.dense(hidden, decoder) };
  if (dense && classifier) return { logits: rowLogits(builder, hidden, dense, classifier) };
  if (classifier) return answerLogits(builder, hidden, classifier);
  return { last_hidden_state: hidden };
}
