/** The mean of rows of scores by their weights. */
export class ScoreMean {
  private sum: Float64Array = new Float64Array(0);
  private weight = 0;

  /** Adds the scores of a window that this many tokens speak for. */
  add(scores: ArrayLike<number>, tokens: number): void {
    // A window of special tokens alone is the only one of its text.
    const weight = Math.max(tokens, 1);
    if (this.weight === 0) this.sum = new Float64Array(scores.length);
    for (let i = 0; i < this.sum.length; i++) this.sum[i] += scores[i] * weight;
    this.weight += weight;
  }

  /** The mean. */
  scores(): Float64Array {
    return this.sum.map((sum) => sum / this.weight);
  }
}
