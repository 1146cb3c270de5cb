/** Draws a token from logits: of those that temperature, top-k and top-p leave, in this order. */
import { mulberry32 } from '@attn/core/backend';
import { Largest } from './largest.ts';
import { belowOf, greatest } from './log-softmax.ts';

/** How tokens are drawn. */
export interface Sampling {
  /** Logits are divided by it; above 0. */
  readonly temperature: number;
  /** Only this many of the likeliest tokens may be drawn; 0 for all. */
  readonly topK: number;
  /**
   * Only the fewest of the likeliest tokens that together have this probability may be drawn, in (0, 1].
   * Holtzman et al. 2020, https://arxiv.org/abs/1904.09751
   */
  readonly topP: number;
}

/** How tokens are drawn, and from which random numbers. */
export interface Draws extends Sampling {
  /** Equal seeds draw equal tokens. */
  readonly seed: number;
}

/** How many of the likeliest are looked at first where top-p alone decides. */
const FIRST = 64;

/** Returns a generator of uniform numbers in [0, 1) that follow from a seed. */
export function uniform(seed: number): () => number {
  const next = mulberry32(seed);
  return () => next() / 2 ** 32;
}

/** Draws tokens from logits in the order of their ids. It keeps its memory from draw to draw. */
export class Sampler {
  private readonly sampling: Sampling;
  private readonly least: number;
  private readonly probabilities: Float64Array;
  /** Selections of more and more tokens: only the first, until top-p asks for more. */
  private readonly selections: Largest[] = [];

  /** `most` is the greatest number of logits of a draw; top-k and top-p leave at least `least` tokens. */
  constructor(sampling: Sampling, most: number, least = 1) {
    this.sampling = sampling;
    this.least = least;
    this.probabilities = new Float64Array(most);
  }

  /**
   * Draws the place of a logit; NaN is never drawn. Tokens lie on the line of the draw in the order of their
   * ids, so that backends which differ in the last digit of a logit draw the same. Errors: `RUN_FAILED` where
   * no logit is a number.
   *
   * @param threshold uniform in [0, 1)
   */
  draw(logits: Float32Array, threshold: number): number {
    return placeAt(this.weigh(logits), threshold);
  }

  /** Divides logits by the temperature, in place; those that may not be drawn become -Infinity. */
  warp(logits: Float32Array): void {
    const weights = this.weigh(logits);
    const { temperature } = this.sampling;
    for (let id = 0; id < weights.length; id++)
      logits[id] = weights[id] > 0 ? logits[id] / temperature : -Infinity;
  }

  /** Weights of all tokens in proportion to their probabilities; 0 for those that may not be drawn. */
  weigh(logits: Float32Array): Float64Array {
    const weights = this.probabilities.subarray(0, logits.length);
    const { temperature, topP } = this.sampling;
    const topK = this.sampling.topK > 0 ? Math.max(this.sampling.topK, this.least) : 0;
    const most = greatest(logits);
    for (let id = 0; id < weights.length; id++)
      weights[id] = Math.exp(belowOf(logits[id], most) / temperature);
    if (topK > 0 && topK < weights.length) keep(weights, this.select(logits, topK), topK);
    if (topP < 1) this.keepNucleus(weights, logits, topP);
    return weights;
  }

  private keepNucleus(weights: Float64Array, logits: Float32Array, topP: number): void {
    let total = 0;
    let possible = 0;
    for (let id = 0; id < weights.length; id++) {
      total += weights[id];
      if (weights[id] > 0) possible += 1;
    }
    for (let count = FIRST; ; count *= 4) {
      const best = this.select(logits, count);
      let sum = 0;
      for (let i = 0; i < best.size; i++) {
        sum += weights[best.ids[i]];
        if (sum >= topP * total && i + 1 >= this.least) {
          keep(weights, best, i + 1);
          return;
        }
      }
      if (count >= possible) return; // rounding must not drop the unlikeliest
    }
  }

  /** The likeliest tokens, the first of equal ones. */
  private select(logits: Float32Array, most: number): Largest {
    const count = Math.min(most, logits.length);
    let best = this.selections.find(({ ids }) => ids.length === count);
    if (best === undefined) {
      best = new Largest(count);
      this.selections.push(best);
    }
    best.clear();
    for (let id = 0; id < logits.length; id++) best.offer(logits[id], id);
    best.sort();
    return best;
  }
}

/**
 * The place of a weight on a line on which the weights lie one behind the other, at a threshold in [0, 1)
 * of its length; -1 where all weights are 0.
 */
export function placeAt(weights: Float64Array, threshold: number): number {
  let total = 0;
  for (let place = 0; place < weights.length; place++) total += weights[place];
  let sum = 0;
  let last = -1;
  for (let place = 0; place < weights.length; place++) {
    if (weights[place] === 0) continue;
    sum += weights[place];
    if (threshold * total < sum) return place;
    last = place;
  }
  return last; // rounding may put the threshold behind the sum
}

/** Leaves only the first so many of a selection. */
function keep(weights: Float64Array, { ids, size }: Largest, count: number): void {
  const rest = Math.min(count, size);
  // Signs mark what stays, so that no second list is needed.
  for (let i = 0; i < rest; i++) weights[ids[i]] *= -1;
  for (let id = 0; id < weights.length; id++) weights[id] = weights[id] < 0 ? -weights[id] : 0;
}
