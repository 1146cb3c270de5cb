/** The part of a ModernBERT after its encoder: from states [B, N, hidden] to the original's outputs. */
import { f32, type Value } from '@attn/core';
import { answerLogits, firstToken } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { ModernBertArchitecture, ModernBertConfig } from './config.ts';
import type { HeadWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: ModernBertArchitecture): readonly string[] {
  switch (architecture) {
    case 'ModernBertModel':
      return ['last_hidden_state'];
    case 'ModernBertForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'ModernBertForMaskedLM':
    case 'ModernBertForSequenceClassification':
    case 'ModernBertForTokenClassification':
    case 'ModernBertForMultipleChoice':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** What a head is put on. */
interface Encoded {
  /** [B, N, hidden]. */
  readonly states: Value;
  /** [B, N], bool: 0 is padding. Absent where there is none. */
  readonly mask: Value | undefined;
  /** Rows of each question of a multiple choice. */
  readonly choices: number;
}

/**
 * The outputs by name. `logits` are [B, N, vocabulary], [B, N, labels], [B, labels] or
 * [B / choices, choices].
 */
export function headOutputs(
  builder: ModelBuilder,
  config: ModernBertConfig,
  head: HeadWeights | undefined,
  { states, mask, choices }: Encoded,
): Record<string, Value> {
  if (head === undefined) return { last_hidden_state: states };
  const {
    architecture,
    head: { pooling },
  } = config;
  const transformed = (x: Value): Value =>
    builder.norm(builder.dense(x, head.dense, config.head.activation), head.norm, config.normEps);
  switch (architecture) {
    case 'ModernBertForQuestionAnswering':
      return answerLogits(builder, transformed(states), head.last);
    case 'ModernBertForSequenceClassification': {
      const pooled = pooling === 'cls' ? firstToken(builder, states) : meanState(builder, states, mask);
      return { logits: builder.dense(transformed(pooled), head.last) };
    }
    case 'ModernBertForMultipleChoice': {
      // Other than in the class above, the first token need not be the first place of its row.
      const pool = pooling === 'cls' ? firstUnpadded : meanState;
      const scores = builder.dense(transformed(pool(builder, states, mask)), head.last);
      return { logits: builder.reshape(scores, [states.shape[0] / choices, choices]) };
    }
    default:
      return { logits: builder.dense(transformed(states), head.last) };
  }
}

/** The mean of each row's tokens, [B, hidden]. */
function meanState(builder: ModelBuilder, states: Value, mask: Value | undefined): Value {
  if (mask === undefined) return builder.reduce(states, 1, 'mean');
  const [batch, length] = mask.shape;
  const tokens = builder.mask(states, builder.reshape(mask, [batch, length, 1]));
  const count = builder.reduce(
    numbers(builder, mask, () => 1),
    1,
    'sum',
  );
  return builder.div(builder.reduce(tokens, 1, 'sum'), builder.reshape(count, [batch, 1]));
}

/** The state of each row's first token, [B, hidden]; in a row of padding, that of the first place. */
function firstUnpadded(builder: ModelBuilder, states: Value, mask: Value | undefined): Value {
  if (mask === undefined) return firstToken(builder, states);
  const [batch, length] = mask.shape;
  const width = states.shape[2];
  // Ranks fall from token to token. Padding has rank 0, and in the first place 1, which is below all tokens.
  const ranks = builder.max(
    numbers(builder, mask, (i) => length + 1 - i),
    builder.constant(
      f32(
        [length],
        Float32Array.from({ length }, (_, i) => Number(i === 0)),
      ),
    ),
  );
  const best = builder.reshape(builder.reduce(ranks, 1, 'max'), [batch, 1]);
  const unit = builder.constant(f32([1], [1]));
  const isFirst = builder.relu(builder.add(builder.sub(ranks, best), unit)); // 1 at the best rank, 0 elsewhere
  const picked = builder.matmul(builder.reshape(isFirst, [batch, 1, length]), states);
  return builder.reshape(picked, [batch, width]);
}

/** `value(i)` at the tokens of each row and 0 at its padding, [B, N]. */
function numbers(builder: ModelBuilder, mask: Value, value: (i: number) => number): Value {
  const [batch, length] = mask.shape;
  const data = Float32Array.from({ length: batch * length }, (_, i) => value(i % length));
  return builder.mask(builder.constant(f32([batch, length], data)), mask);
}
