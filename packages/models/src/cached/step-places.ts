/**
 * Where the tokens of a step stand, and what they do not see. Places are inputs, so that steps of one shape
 * share a graph and a plan, whatever the length of their rows.
 */
import { f32, i32, type Tensors, type Value } from '@attn/core';
import { HIDDEN } from '../graph/hidden-keys.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** The places of a step's tokens in its graph. */
export interface StepPlaces {
  /** The place of the first, i32 [1]. */
  readonly start: Value;
  /** The place of each, i32 [T]. Padding stands where the last token that counts does. */
  readonly tokens: Value;
  /** The places of the tokens as numbers, f32 [T, 1]. */
  readonly numbers: Value;
  /** Which token is the last that counts, i32 [1]; undefined in a step of one token. */
  readonly last: Value | undefined;
}

/** Adds the inputs `position` [1] and, for several tokens, `places` [T] and `last` [1]. */
export function stepPlaces(
  builder: ModelBuilder,
  { length, capacity }: { readonly length: number; readonly capacity: number },
): StepPlaces {
  const input = (name: string, extent: number): Value =>
    builder.input(name, { dtype: 'i32', shape: [extent] });
  const start = input('position', 1);
  const [tokens, last] = length === 1 ? [start] : [input('places', length), input('last', 1)];
  const table = builder.constant(f32([capacity, 1], range(capacity)));
  return { start, tokens, numbers: builder.embedding(tokens, table), last };
}

/** Where a step adds tokens. */
export interface StepAt {
  /** Tokens that the rows have already. */
  readonly position: number;
  /** Tokens that the step adds, padding included. */
  readonly length: number;
  /** How many of them count. */
  readonly count: number;
}

/** The place of each token of a step. */
export function placesOf({ position, length, count }: StepAt): Int32Array {
  return Int32Array.from({ length }, (_, i) => position + Math.min(i, count - 1));
}

/** Fills the inputs of `stepPlaces`. */
export function placeInputs(at: StepAt): Tensors {
  const { position, length, count } = at;
  return {
    position: i32([1], [position]),
    ...(length > 1 && { places: i32([length], placesOf(at)), last: i32([1], [count - 1]) }),
  };
}

/** The bias [1, 1, T, capacity] that hides the tokens after each token. */
export function laterBias(builder: ModelBuilder, { numbers }: StepPlaces, capacity: number): Value {
  const keys = builder.constant(f32([1, capacity], range(capacity)));
  return hidingBias(builder, builder.relu(builder.sub(keys, numbers)));
}

/** The bias [1, 1, T, keys] that hides keys by a distance [T, keys], which is 0 where a token sees a key. */
export function hidingBias(builder: ModelBuilder, distance: Value): Value {
  const bias = builder.mul(distance, builder.constant(f32([1], [HIDDEN])));
  return builder.reshape(bias, [1, 1, ...distance.shape]);
}

/** The states [B, 1, width] of the last token that counts, of states [B, T, width]. */
export function lastStates(builder: ModelBuilder, states: Value, { last }: StepPlaces): Value {
  return last === undefined ? states : builder.gather(states, last, 1);
}

function range(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i);
}
