/** The part of a BigBird after its encoder: from [B, N, hidden] to the outputs that the original has. */
import type { Value } from '@attn/core';
import type { EncoderShape } from '../encoder/shape.ts';
import { answerLogits, firstToken, maskedLmLogits, rowLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import { feedForward } from '../graph/post-norm.ts';
import type { BigBirdArchitecture, BigBirdConfig } from './config.ts';
import type { Question } from './question.ts';
import type { HeadWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: BigBirdArchitecture, head: HeadWeights): readonly string[] {
  switch (architecture) {
    case 'BigBirdModel':
      return head.pooler ? ['last_hidden_state', 'pooler_output'] : ['last_hidden_state'];
    case 'BigBirdForPreTraining':
      return ['prediction_logits', 'seq_relationship_logits'];
    case 'BigBirdForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'BigBirdForMaskedLM':
    case 'BigBirdForSequenceClassification':
    case 'BigBirdForTokenClassification':
    case 'BigBirdForMultipleChoice':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** Everything that a head depends on. */
interface Head {
  readonly config: BigBirdConfig;
  readonly head: HeadWeights;
  readonly shape: Pick<EncoderShape, 'batch' | 'choices'>;
  readonly question: Question | undefined;
}

/**
 * The outputs by name. `logits` are [B, N, vocabulary], [B, N, labels], [B, labels], or
 * [B / choices, choices].
 */
export function headOutputs(
  builder: ModelBuilder,
  hidden: Value,
  { config, head, shape: { batch, choices }, question }: Head,
): Record<string, Value> {
  const { activation, layerNormEps: eps } = config;
  const { pooler, maskedLm, relationship, dense, classifier } = head;
  const predicted = maskedLm && maskedLmLogits(builder, hidden, maskedLm, { activation, eps });
  const pooled = pooler && builder.dense(firstToken(builder, hidden), pooler, 'tanh');
  if (predicted && pooled && relationship)
    return { prediction_logits: predicted, seq_relationship_logits: builder.dense(pooled, relationship) };
  if (predicted) return { logits: predicted };
  if (head.feedForward && classifier && question) {
    const states = feedForward(builder, hidden, head.feedForward, { activation, eps });
    const { start_logits: start, end_logits: end } = answerLogits(builder, states, classifier);
    const [start_logits, end_logits] = [start, end].map((side) => builder.add(side, question.penalty));
    return { start_logits, end_logits };
  }
  if (dense && classifier) return { logits: rowLogits(builder, hidden, dense, classifier, activation) };
  if (pooled && classifier)
    return { logits: builder.reshape(builder.dense(pooled, classifier), [batch / choices, choices]) };
  if (classifier) return { logits: builder.dense(hidden, classifier) };
  return { last_hidden_state: hidden, ...(pooled && { pooler_output: pooled }) };
}
