/**
 * The cache of a layer with a window: a ring, in which the keys of new tokens take the places of keys that
 * have left the window. So its size follows the window, however long the text is.
 */
import { AttnError, f32, i32, type Tensors, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import { MOST_TOKENS } from './pieces.ts';
import { hidingBias, type StepPlaces } from './step-places.ts';

/**
 * Places that a layer's cache has for tokens. `window` says how many keys a query sees with its own;
 * undefined where it sees all before it. A ring holds the windows of all tokens that a run adds, also those
 * of padding, and whole pieces fit in it, so that none is written around its end.
 */
export function cacheLength(window: number | undefined, capacity: number): number {
  if (window === undefined) return capacity;
  return Math.min(capacity, MOST_TOKENS * Math.ceil((window - 1 + MOST_TOKENS) / MOST_TOKENS));
}

/** The inputs of a window in a step: where its first token is written, and whose keys the places hold. */
export interface RingPlaces {
  /** i32, [1]. */
  readonly start: Value;
  /** The bias [B, 1, T, places] of what a token does not see. */
  readonly bias: Value;
}

/** Adds the inputs of a window, `window.<window>.start` [1] and `window.<window>.held` [1, places]. */
export function ringPlaces(
  builder: ModelBuilder,
  window: number,
  { capacity, places }: { readonly capacity: number; readonly places: StepPlaces },
): RingPlaces {
  const { numbers } = places;
  const start = builder.input(`window.${window}.start`, { dtype: 'i32', shape: [1] });
  const shape = [1, cacheLength(window, capacity)];
  const held = builder.input(`window.${window}.held`, { dtype: 'f32', shape });
  const later = builder.relu(builder.sub(held, numbers));
  const first = builder.sub(numbers, builder.constant(f32([1], [window - 1])));
  const earlier = builder.relu(builder.sub(first, held));
  return { start, bias: hidingBias(builder, builder.add(later, earlier), held, places) };
}

/** What `ringInputs` depends on. */
export interface RingStep {
  readonly where: string;
  /** Tokens that the rows have already. */
  readonly position: number;
  /** Tokens that the step adds, padding included. */
  readonly length: number;
  readonly capacity: number;
}

/** Fills the inputs of `ringPlaces`. Errors: `INVALID_ARGUMENT` for tokens that go around the ring's end. */
export function ringInputs(window: number, { where, position, length, capacity }: RingStep): Tensors {
  const count = cacheLength(window, capacity);
  const start = position % count;
  if (start + length > count) {
    const message = `a step of ${length} tokens must not go around the ${count} places of a window, got position ${position}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const last = position + length - 1;
  const held = new Float32Array(count);
  for (let place = 0; place < count; place++) {
    const token = last - ((((last - place) % count) + count) % count);
    // A place that nothing was written to counts as later than all tokens.
    held[place] = token < 0 ? last + 1 : token;
  }
  return {
    [`window.${window}.start`]: i32([1], [start]),
    [`window.${window}.held`]: f32([1, count], held),
  };
}
