/** The last token of a row, which in a causal model has seen the whole row. */
import { f32, type Tensor, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** A table [ids, 1] that is 1 for the ids that count, else 0. One is enough for all graphs of a model. */
export function tokenTable(vocabSize: number, counts: (id: number) => boolean): Tensor<'f32'> {
  return f32(
    [vocabSize, 1],
    Float32Array.from({ length: vocabSize }, (_, id) => Number(counts(id))),
  );
}

/**
 * The state [B, C] of each row's last token whose *id* counts by the `table`, a `tokenTable`; of a row
 * without one, the first. As in the originals, no mask is asked: padding may be on either side. The states
 * are [B, N, C], the ids [B, N].
 */
export function lastToken(builder: ModelBuilder, states: Value, ids: Value, table: Tensor<'f32'>): Value {
  const [batch, length, width] = states.shape;
  const tokens = builder.reshape(builder.embedding(ids, builder.constant(table)), [batch, length]);
  const counted = Array.from({ length }, (_, i) => i + 1);
  const first = counted.map((place) => Number(place === 1));
  // The place of each token from 1 on, 0 for those that do not count; but the first counts always.
  const places = builder.max(
    builder.mul(tokens, builder.constant(f32([length], counted))),
    builder.constant(f32([length], first)),
  );
  const last = builder.reshape(builder.reduce(places, 1, 'max'), [batch, 1]);
  const isLast = builder.relu(builder.add(builder.sub(places, last), builder.constant(f32([1], [1]))));
  return builder.reshape(builder.matmul(builder.reshape(isLast, [batch, 1, length]), states), [batch, width]);
}

/** The state [B, C] of each row's last position. */
export function lastPosition(builder: ModelBuilder, states: Value): Value {
  const [batch, length, width] = states.shape;
  const last = builder.slice(states, [0, length - 1, 0], [batch, length, width]);
  return builder.reshape(last, [batch, width]);
}
