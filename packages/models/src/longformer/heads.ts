/** The part of a Longformer after its encoder: from [B, N, hidden] to the outputs that the original has. */
import type { Value } from '@attn/core';
import { answerLogits, firstToken, maskedLmLogits, rowLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { LongformerArchitecture, LongformerConfig } from './config.ts';
import type { LongformerShape } from './shape.ts';
import type { HeadWeights, LongformerWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: LongformerArchitecture, head: HeadWeights): readonly string[] {
  switch (architecture) {
    case 'LongformerModel':
      return head.pooler ? ['last_hidden_state', 'pooler_output'] : ['last_hidden_state'];
    case 'LongformerForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'LongformerForMaskedLM':
    case 'LongformerForSequenceClassification':
    case 'LongformerForTokenClassification':
    case 'LongformerForMultipleChoice':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/**
 * The outputs by name. `logits` are [B, N, vocabulary], [B, N,
 * labels], [B, labels] or [B / choices, choices].
 */
export function headOutputs(
  builder: ModelBuilder,
  { architecture, layerNormEps }: LongformerConfig,
  { head: { pooler, maskedLm, dense, classifier } }: LongformerWeights,
  { batch, choices = 1 }: Pick<LongformerShape, 'batch' | 'choices'>,
  hidden: Value,
): Record<string, Value> {
  if (maskedLm) {
    const options = { activation: 'gelu', eps: layerNormEps } as const;
    return { logits: maskedLmLogits(builder, hidden, maskedLm, options) };
  }
  if (architecture === 'LongformerForQuestionAnswering' && classifier)
    return answerLogits(builder, hidden, classifier);
  if (dense && classifier) return { logits: rowLogits(builder, hidden, dense, classifier) };
  const pooled = pooler && builder.dense(firstToken(builder, hidden), pooler, 'tanh');
  if (pooled && classifier)
    return { logits: builder.reshape(builder.dense(pooled, classifier), [batch / choices, choices]) };
  if (classifier) return { logits: builder.dense(hidden, classifier) };
  return { last_hidden_state: hidden, ...(pooled && { pooler_output: pooled }) };
}
