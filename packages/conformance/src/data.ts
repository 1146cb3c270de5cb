/**
 * The numbers of cases. Every value follows from a short recipe and a seed, the hash of
 * the case's id and the input's name. So any implementation in any language can make
 * equal bits, no file is needed, and a new case never changes the data of another.
 *
 * The generator is core's `mulberry32`. From `state = seed`, each step does, on 32-bit integers:
 *
 *     state = state + 0x6D2B79F5
 *     t = imul(state ^ (state >>> 15), state | 1)
 *     t = (t + imul(t ^ (t >>> 7), t | 61)) ^ t
 *     u = (t ^ (t >>> 14)) >>> 0                 // uniform in [0, 2³²)
 */
import { mulberry32 } from '@attn/core/backend';

/** A source of uniform 32-bit integers. */
export type Random = () => number;

/** The seed of a text: FNV-1a over its UTF-16 units. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A distribution of numbers. */
export type Distribution = 'uniform' | 'bell' | 'halves' | 'integers' | 'signs' | 'zeros' | 'ones' | 'near1';

/**
 * Functions that draw numbers. None uses a transcendental function, whose last bit differs between engines.
 */
const DISTRIBUTIONS: Readonly<Record<Distribution, (u: Random) => number>> = {
  /** Uniform in [−1, 1). */
  uniform: (u) => (u() / 2 ** 32) * 2 - 1,
  /** Bell-shaped with variance 1: the sum of three uniforms in [−1, 1). */
  bell: (u) => ((u() + u() + u()) / 2 ** 32) * 2 - 3,
  /** Half-integers in [−4, 4]: dot products of these are exact in float32. */
  halves: (u) => (u() % 17) / 2 - 4,
  /** Integers in [0, 8). */
  integers: (u) => u() % 8,
  /** −1 or 1. */
  signs: (u) => (u() % 2) * 2 - 1,
  zeros: () => 0,
  ones: () => 1,
  /** Uniform in [0.5, 1.5): weights of a normalisation. */
  near1: (u) => u() / 2 ** 32 + 0.5,
};

/**
 * A distribution; a distribution times a factor, such as `uniform*30`; or
 * that around another number than 0, such as `integers*64@-1000000000`.
 */
export type DataRecipe = Distribution | `${Distribution}*${number}` | `${Distribution}*${number}@${number}`;

/** Makes `length` float32 values of a recipe. */
export function fill(recipe: DataRecipe, length: number, seed: number): Float32Array {
  const [name, gain = '1', offset = '0'] = recipe.split(/[*@]/);
  const draw = DISTRIBUTIONS[name as Distribution];
  const [factor, center] = [Number(gain), Number(offset)];
  const random = mulberry32(seed);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = draw(random) * factor + center;
  return values;
}

/** Makes `length` integers in [0, below). */
export function fillIntegers(below: number, length: number, seed: number): Int32Array {
  const random = mulberry32(seed);
  const values = new Int32Array(length);
  for (let i = 0; i < length; i++) values[i] = random() % below;
  return values;
}

/**
 * One row of a 0/1 mask over `n` positions: `all`, `none`, `tail:5` (the last five
 * are 0), `head:5`, `holes:30` (each is 0 with 30 % chance), `only:0,7` (1 there
 * alone), `not:3,4` (0 there alone), `every:4` (1 at multiples of 4). Negative
 * positions count from the end. `a|b|c` gives batch rows a recipe each, in turn.
 */
export type MaskRecipe = string;

/**
 * Makes a [batch, n] mask. In round 1 (the second run of a case)
 * positions are reversed, so that stale data shows.
 */
export function fillMask(
  recipe: MaskRecipe,
  batch: number,
  n: number,
  seed: number,
  round: number,
): Uint8Array {
  const rows = recipe.split('|');
  const mask = new Uint8Array(batch * n);
  for (let b = 0; b < batch; b++) {
    const row = maskRow(rows[b % rows.length], n, seed + b);
    mask.set(round === 0 ? row : row.reverse(), b * n);
  }
  return mask;
}

function maskRow(recipe: string, n: number, seed: number): Uint8Array {
  const [kind, text = ''] = recipe.split(':');
  const numbers = text === '' ? [] : text.split(',').map(Number);
  const positions = new Set(numbers.map((position) => (position < 0 ? position + n : position)));
  const random = mulberry32(seed);
  const rule: Record<string, (i: number) => boolean> = {
    all: () => true,
    none: () => false,
    tail: (i) => i < n - numbers[0],
    head: (i) => i >= numbers[0],
    holes: () => random() / 2 ** 32 >= numbers[0] / 100,
    every: (i) => i % numbers[0] === 0,
    only: (i) => positions.has(i),
    not: (i) => !positions.has(i),
  };
  if (!Object.hasOwn(rule, kind))
    throw new Error(`[attn/conformance] mask recipe: unknown kind in "${recipe}"`);
  return new Uint8Array(n).map((_, i) => (rule[kind](i) ? 1 : 0));
}

/**
 * One row of segment ids over `n` positions: `runs:10,25` (a new document
 * starts at 10 and at 25), `modulo:3` (three interleaved documents), `same`,
 * `own` (each token its own document). `a|b` gives batch rows one each.
 */
export type SegmentRecipe = string;

/** Makes a [batch, n] table of segment ids; reversed in round 1. */
export function fillSegments(recipe: SegmentRecipe, batch: number, n: number, round: number): Int32Array {
  const rows = recipe.split('|');
  const ids = new Int32Array(batch * n);
  for (let b = 0; b < batch; b++) {
    const row = segmentRow(rows[b % rows.length], n);
    ids.set(round === 0 ? row : row.reverse(), b * n);
  }
  return ids;
}

function segmentRow(recipe: string, n: number): Int32Array {
  const [kind, text = ''] = recipe.split(':');
  const numbers = text.split(',').map(Number);
  const rule: Record<string, (i: number) => number> = {
    runs: (i) => numbers.filter((start) => start <= i).length,
    modulo: (i) => i % numbers[0],
    same: () => 7,
    own: (i) => i,
  };
  if (!Object.hasOwn(rule, kind))
    throw new Error(`[attn/conformance] segment recipe: unknown kind in "${recipe}"`);
  return new Int32Array(n).map((_, i) => rule[kind](i));
}
