/** The part of a Qwen 3 after its last norm: from [B, N, hidden] to the outputs that the original has. */
import type { Tensor, Value } from '@attn/core';
import { lastPosition, lastToken } from '../encoder/last-token.ts';
import { answerLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { Qwen3Architecture, Qwen3Config } from './config.ts';
import type { Qwen3Weights } from './weights.ts';

/** A model whose graphs are built. */
export interface Qwen3Parts {
  readonly config: Qwen3Config;
  readonly weights: Qwen3Weights;
  /** The `tokenTable` of a classifier of sequences that has an id for padding. */
  readonly tokens: Tensor<'f32'> | undefined;
}

/** Names of a model's outputs. */
export function outputNames(architecture: Qwen3Architecture): readonly string[] {
  switch (architecture) {
    case 'Qwen3Model':
      return ['last_hidden_state'];
    case 'Qwen3ForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'Qwen3ForCausalLM':
    case 'Qwen3ForSequenceClassification':
    case 'Qwen3ForTokenClassification':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** The outputs by name. `logits` are [B, N, vocabulary], [B, N, labels] or [B, labels]. */
export function headOutputs(
  builder: ModelBuilder,
  { config: { architecture }, weights: { head }, tokens }: Qwen3Parts,
  ids: Value,
  hidden: Value,
): Record<string, Value> {
  if (head === undefined) return { last_hidden_state: hidden };
  if (architecture === 'Qwen3ForQuestionAnswering') return { ...answerLogits(builder, hidden, head) };
  if (architecture !== 'Qwen3ForSequenceClassification') return { logits: builder.dense(hidden, head) };
  const state = tokens ? lastToken(builder, hidden, ids, tokens) : lastPosition(builder, hidden);
  return { logits: builder.dense(state, head) };
}
