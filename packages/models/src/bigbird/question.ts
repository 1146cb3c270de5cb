/**
 * Question and text of a row: the question ends with the row's first separator. In a row without one it is
 * the first token alone. The original finds it in the ids, and so does the graph, also an exported one.
 */
import { f32, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { BigBirdConfig } from './config.ts';

/** Added to the logits of a question's tokens, in which no answer is. */
const NO_ANSWER = -1e6;

/** What follows from where the questions of a batch end. */
export interface Question {
  /** [B, N, 2]: (1, 0) for tokens of the question, which have type 0, and (0, 1) for all others. */
  readonly types: Value;
  /** [B, N]: added to the logits of starts and ends; 0 for the text, and for each row's first token. */
  readonly penalty: Value;
}

/** Adds the nodes that find the questions of ids [B, N]. All numbers are integers, exact in f32. */
export function questionOf(
  builder: ModelBuilder,
  ids: Value,
  { vocabSize, sepTokenId }: Pick<BigBirdConfig, 'vocabSize' | 'sepTokenId'>,
): Question {
  const [batch, length] = ids.shape;
  const numbers = (shape: readonly number[], at: (i: number) => number): Value => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return builder.constant(
      f32(
        shape,
        Float32Array.from({ length: size }, (_, i) => at(i)),
      ),
    );
  };
  const [zero, unit, whole] = [0, 1, length].map((value) => numbers([1], () => value));
  const isSeparator = builder.reshape(
    builder.embedding(
      ids,
      numbers([vocabSize, 1], (id) => Number(id === sepTokenId)),
    ),
    [batch, length],
  );
  // Tokens from each one to the end of the row: the first separator has most, and 0 means that there is none.
  const rest = numbers([length], (i) => length - i);
  const most = builder.reshape(builder.reduce(builder.mul(isSeparator, rest), 1, 'max'), [batch, 1]);
  const isMissing = builder.sub(unit, builder.min(most, unit));
  const end = builder.add(most, builder.mul(isMissing, whole));
  // 1 for tokens that have as many behind them as the end has, or more; else 0.
  const inQuestion = builder.min(builder.max(builder.add(builder.sub(rest, end), unit), zero), unit);
  const column = builder.reshape(inQuestion, [batch, length, 1]);
  return {
    types: builder.concat([column, builder.sub(unit, column)], 2),
    penalty: builder.mul(
      inQuestion,
      numbers([length], (i) => (i === 0 ? 0 : NO_ANSWER)),
    ),
  };
}
