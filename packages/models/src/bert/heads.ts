/** BERT and its kin after the encoder: from [B, N, hidden] to the outputs that the original has. */
import type { Value } from '@attn/core';
import type { EncoderShape } from '../encoder/shape.ts';
import { answerLogits, firstToken, maskedLmLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { BertConfig } from './config.ts';
import type { HeadWeights } from './head-weights.ts';
import type { BertTask } from './tasks.ts';

/** Names of a model's outputs. */
export function outputNames(task: BertTask, { pooler }: HeadWeights): readonly string[] {
  switch (task) {
    case 'states':
      return pooler ? ['last_hidden_state', 'pooler_output'] : ['last_hidden_state'];
    case 'preTraining':
      return ['prediction_logits', 'seq_relationship_logits'];
    case 'answer':
      return ['start_logits', 'end_logits'];
    case 'maskedLm':
    case 'nextSentence':
    case 'sequence':
    case 'token':
    case 'choice':
      return ['logits'];
    default:
      return task satisfies never;
  }
}

/**
 * The outputs by name. `logits` are [B, N, vocabulary], [B, N, labels], [B, labels] or
 * [B / choices, choices].
 */
export function headOutputs(
  builder: ModelBuilder,
  { task, layerNormEps, headActivation, rowActivation }: BertConfig,
  { pooler, maskedLm, dense, classifier, nextSentence }: HeadWeights,
  { batch, choices }: Pick<EncoderShape, 'batch' | 'choices'>,
  hidden: Value,
): Record<string, Value> {
  const words =
    maskedLm && maskedLmLogits(builder, hidden, maskedLm, { activation: headActivation, eps: layerNormEps });
  const first = (): Value => firstToken(builder, hidden);
  const row = dense
    ? builder.dense(first(), dense, rowActivation)
    : pooler && builder.dense(first(), pooler, 'tanh');
  const follows = row && nextSentence && builder.dense(row, nextSentence);
  if (words && follows) return { prediction_logits: words, seq_relationship_logits: follows };
  const logits = words ?? follows;
  if (logits) return { logits };
  if (task === 'answer' && classifier) return answerLogits(builder, hidden, classifier);
  if (classifier) {
    const classes = builder.dense(row ?? hidden, classifier);
    return { logits: task === 'choice' ? builder.reshape(classes, [batch / choices, choices]) : classes };
  }
  return { last_hidden_state: hidden, ...(row && { pooler_output: row }) };
}
