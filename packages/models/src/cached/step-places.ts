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
  /** The place of each row's first token as a number, f32 [rows, 1, 1, 1]; undefined where that is 0. */
  readonly starts: Value | undefined;
}

/** What the places of a step depend on. */
export interface StepPlacesShape {
  readonly rows: number;
  readonly length: number;
  readonly capacity: number;
  /** Whether rows begin behind padding. */
  readonly padding: boolean;
}

/**
 * Adds the inputs `position` [1], for several tokens `places` [T] and `last` [1], and for rows that begin
 * behind padding `starts` [rows].
 */
export function stepPlaces(
  builder: ModelBuilder,
  { rows, length, capacity, padding }: StepPlacesShape,
): StepPlaces {
  const input = (name: string, extent: number): Value =>
    builder.input(name, { dtype: 'i32', shape: [extent] });
  const start = input('position', 1);
  const [tokens, last] = length === 1 ? [start] : [input('places', length), input('last', 1)];
  const table = builder.constant(f32([capacity, 1], range(capacity)));
  const starts = padding
    ? builder.reshape(builder.input('starts', { dtype: 'f32', shape: [rows] }), [rows, 1, 1, 1])
    : undefined;
  return { start, tokens, numbers: builder.embedding(tokens, table), last, starts };
}

/** Where a step adds tokens. */
export interface StepAt {
  /** Tokens that the rows have already. */
  readonly position: number;
  /** Tokens that the step adds, padding included. */
  readonly length: number;
  /** How many of them count. */
  readonly count: number;
  /** The place of each row's first token; undefined where that is 0. */
  readonly starts: Int32Array | undefined;
}

/** The place of each token of a step. */
export function placesOf({ position, length, count }: Omit<StepAt, 'starts'>): Int32Array {
  return Int32Array.from({ length }, (_, i) => position + Math.min(i, count - 1));
}

/** Fills the inputs of `stepPlaces`. */
export function placeInputs(at: StepAt): Tensors {
  const { position, length, count, starts } = at;
  return {
    position: i32([1], [position]),
    ...(length > 1 && { places: i32([length], placesOf(at)), last: i32([1], [count - 1]) }),
    ...(starts !== undefined && { starts: f32([starts.length], starts) }),
  };
}

/** The bias [B, 1, T, capacity] that hides the tokens after each token, and those before its row. */
export function laterBias(builder: ModelBuilder, places: StepPlaces, capacity: number): Value {
  const keys = builder.constant(f32([1, capacity], range(capacity)));
  return hidingBias(builder, builder.relu(builder.sub(keys, places.numbers)), keys, places);
}

/**
 * The bias [B, 1, T, K] that hides keys by a distance [T, K], which is 0 where a token sees a key, and
 * where the tokens `keys` [1, K] are before their row. B is 1, or the rows where these begin behind
 * padding.
 */
export function hidingBias(
  builder: ModelBuilder,
  distance: Value,
  keys: Value,
  { starts }: StepPlaces,
): Value {
  const hidden = builder.constant(f32([1], [HIDDEN]));
  const bias = builder.reshape(builder.mul(distance, hidden), [1, 1, ...distance.shape]);
  if (starts === undefined) return bias;
  const before = builder.mul(builder.relu(builder.sub(starts, keys)), hidden);
  return builder.add(bias, before);
}

/** The states [B, 1, width] of the last token that counts, of states [B, T, width]. */
export function lastStates(builder: ModelBuilder, states: Value, { last }: StepPlaces): Value {
  return last === undefined ? states : builder.gather(states, last, 1);
}

function range(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i);
}
