/** The tensors of a decoder's state: a pair of keys and values for each attention. */
import type { TensorSpec, Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** Keys and values of an attention, [B, H, N, D] each. */
export interface KeysAndValues {
  readonly key: Value;
  readonly value: Value;
}

/** Which attention a pair is of: that to the row's own tokens, or that to the text of an encoder. */
export type CacheSide = 'self' | 'cross';

/** The axes of a pair. */
export interface CacheSize {
  readonly rows: number;
  /** Heads of keys and values. */
  readonly heads: number;
  /** Tokens for which there is room. */
  readonly length: number;
  readonly headDim: number;
}

/** The names of a layer's pair. */
export function cacheNames(side: CacheSide, layer: number): readonly [key: string, value: string] {
  return [`${side}.${layer}.key`, `${side}.${layer}.value`];
}

/** Adds the pair of a layer, [rows, heads, length, headDim] each. */
export function cacheStates(
  builder: ModelBuilder,
  [side, layer]: readonly [CacheSide, number],
  { rows, heads, length, headDim }: CacheSize,
): KeysAndValues {
  const spec: TensorSpec = { dtype: 'f32', shape: [rows, heads, length, headDim] };
  const [key, value] = cacheNames(side, layer);
  return { key: builder.state(key, spec), value: builder.state(value, spec) };
}

/** Writes the keys and values of new tokens, [rows, heads, T, headDim], from the place `at` [1] on. */
export function writeTokens(
  builder: ModelBuilder,
  cache: KeysAndValues,
  added: KeysAndValues,
  at: Value,
): KeysAndValues {
  return {
    key: builder.writeRows(cache.key, added.key, at, 2),
    value: builder.writeRows(cache.value, added.value, at, 2),
  };
}
