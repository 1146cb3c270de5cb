/** What stands on the encoder: from [B, N, hidden] to the outputs that the original has. */
import type { Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { LongformerArchitecture, LongformerConfig } from './config.ts';
import type { LongformerShape } from './graph.ts';
import type { HeadWeights, LongformerWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: LongformerArchitecture, head: HeadWeights): readonly string[] {
  switch (architecture) {
    case 'LEDEncoder':
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

/** The outputs by name. `logits` are [B, N, vocabulary], [B, N, labels], [B, labels] or [B / choices, choices]. */
export function headOutputs(
  builder: ModelBuilder,
  { architecture, hiddenSize, layerNormEps }: LongformerConfig,
  { head: { pooler, maskedLm, dense, classifier } }: LongformerWeights,
  { batch, length, choices = 1 }: Pick<LongformerShape, 'batch' | 'length' | 'choices'>,
  hidden: Value,
): Record<string, Value> {
  if (maskedLm) {
    const transformed = builder.norm(
      builder.dense(hidden, maskedLm.dense, 'gelu'),
      maskedLm.norm,
      layerNormEps,
    );
    return { logits: builder.dense(transformed, maskedLm.decoder) };
  }
  const first = (): Value =>
    builder.reshape(builder.slice(hidden, [0, 0, 0], [batch, 1, hiddenSize]), [batch, hiddenSize]);
  if (architecture === 'LongformerForQuestionAnswering' && classifier) {
    const logits = builder.dense(hidden, classifier);
    const side = (at: number): Value =>
      builder.reshape(builder.slice(logits, [0, 0, at], [batch, length, at + 1]), [batch, length]);
    return { start_logits: side(0), end_logits: side(1) };
  }
  if (dense && classifier)
    return { logits: builder.dense(builder.dense(first(), dense, 'tanh'), classifier) };
  const pooled = pooler && builder.dense(first(), pooler, 'tanh');
  if (pooled && classifier)
    return { logits: builder.reshape(builder.dense(pooled, classifier), [batch / choices, choices]) };
  if (classifier) return { logits: builder.dense(hidden, classifier) };
  return { last_hidden_state: hidden, ...(pooled && { pooler_output: pooled }) };
}
