/** The tensors of a decoder's state, one pair of keys and values for each attention. */
import type { TensorSpec } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { StackConfig } from './config.ts';
import type { KeysAndValues } from './stack.ts';

/** Which attention a pair is of: that to the row's own tokens, or that to the text. */
export type CacheSide = 'self' | 'cross';

/** The bias [B, 1, 1, N] that hides the padding of texts. */
export const TEXT_BIAS = 'cross.bias';

/** The names of a layer's pair. */
export function cacheNames(side: CacheSide, layer: number): readonly [key: string, value: string] {
  return [`${side}.${layer}.key`, `${side}.${layer}.value`];
}

/** Adds the pair of a layer, [rows, H, length, D] each. */
export function cacheStates(
  builder: ModelBuilder,
  [side, layer]: readonly [CacheSide, number],
  { heads, width }: StackConfig,
  { rows, length }: { readonly rows: number; readonly length: number },
): KeysAndValues {
  const spec: TensorSpec = { dtype: 'f32', shape: [rows, heads, length, width / heads] };
  const [key, value] = cacheNames(side, layer);
  return { key: builder.state(key, spec), value: builder.state(value, spec) };
}
