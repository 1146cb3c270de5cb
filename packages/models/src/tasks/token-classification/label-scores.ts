/** The scores of labels of neighbouring tokens. */
import { softmax } from '../../encode/scores.ts';

/** Logits of the tokens from one place on, and the names of the labels. */
export class LabelScores {
  readonly names: readonly string[];
  readonly logits: Float32Array;
  private readonly first: number;

  constructor(names: readonly string[], first: number, logits: Float32Array) {
    this.names = names;
    this.first = first;
    this.logits = logits;
  }

  /** The probabilities of the labels of a token. */
  of(place: number): Float64Array {
    const { names, first } = this;
    return softmax(this.logits.subarray((place - first) * names.length, (place - first + 1) * names.length));
  }
}

/** The place of the largest score, the first of equal ones. */
export function placeOfLargest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}
