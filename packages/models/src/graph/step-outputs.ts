/** What the graph of a step gives to a search: the logits of each row, or only the greatest of them. */
import type { Value } from '@attn/core';
import type { BestShape } from '../model.ts';
import type { ModelBuilder } from './model-builder.ts';

/** The outputs of a step by name, from its logits [rows, vocabulary]: those of `CachedDecoding.step`. */
export function stepOutputs(
  builder: ModelBuilder,
  logits: Value,
  best: BestShape | undefined,
): Readonly<Record<string, Value>> {
  if (best === undefined) return { logits };
  const { values, indices } = builder.topK(logits, best.count);
  if (!best.sums) return { logits: values, ids: indices };
  const greatest = builder.slice(values, [0, 0], [logits.shape[0], 1]);
  const shares = builder.exp(builder.sub(logits, greatest));
  return { logits: values, ids: indices, sums: builder.reduce(shares, -1, 'sum') };
}
