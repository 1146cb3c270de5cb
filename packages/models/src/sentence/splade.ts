/**
 * SPLADE: a weight for each token of the vocabulary, from the logits of a masked language model. Formal et
 * al. 2021, https://arxiv.org/abs/2109.10086
 */

/** `SpladePooling`. */
export interface SpladePooling {
  /** Over the tokens of a text: the greatest weight, or their sum. */
  readonly strategy: 'max' | 'sum';
  /** How often ln(1 + x) is taken of what is above 0: twice for `log1p_relu`. */
  readonly logarithms: 1 | 2;
}

/** The weights of a text in the making. */
export class SpladePool {
  private readonly pooling: SpladePooling;
  private readonly sums: Float64Array;

  constructor(pooling: SpladePooling, width: number) {
    this.pooling = pooling;
    this.sums = new Float64Array(width);
  }

  /** Adds the logits of a token, or a share of them where other windows have the same token. */
  add(logits: ArrayLike<number>, share: number): void {
    const { sums, pooling } = this;
    // The logarithm of the greatest is the greatest logarithm: `vector` takes it once.
    if (pooling.strategy === 'max')
      for (let i = 0; i < sums.length; i++) sums[i] = logits[i] > sums[i] ? logits[i] : sums[i];
    else
      for (let i = 0; i < sums.length; i++)
        if (logits[i] > 0) sums[i] += weightOf(logits[i], pooling.logarithms) * share;
  }

  /** The weights. */
  vector(): Float64Array {
    const { strategy, logarithms } = this.pooling;
    return strategy === 'sum' ? this.sums : this.sums.map((logit) => weightOf(logit, logarithms));
  }
}

function weightOf(logit: number, logarithms: 1 | 2): number {
  const weight = Math.log1p(logit);
  return logarithms === 1 ? weight : Math.log1p(weight);
}
