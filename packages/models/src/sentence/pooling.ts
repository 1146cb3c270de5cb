/** How the states of tokens become one vector, by the rules of sentence-transformers. */

/** All ways, in the order in which old files put their vectors one behind the other. */
export const POOLING_MODES = [
  'cls',
  'max',
  'mean',
  'mean_sqrt_len_tokens',
  'weightedmean',
  'lasttoken',
] as const;

/**
 * How the states of tokens become one vector: `cls` is the first token's state, `lasttoken` the last one's;
 * `max` takes the greatest number in each place; `mean` is over all tokens, `mean_sqrt_len_tokens` is their
 * sum divided by the root of their number, and in `weightedmean` the token at place i counts i + 1 times.
 */
export type PoolingMode = (typeof POOLING_MODES)[number];

/** A way or several, whose vectors stand one behind the other; `none` keeps the states of all tokens. */
export type Pooling = PoolingMode | readonly PoolingMode[] | 'none';

/** A vector in the making. All of it is in float64. */
export class Pool {
  private readonly mode: PoolingMode;
  private readonly values: Float64Array;
  /** The sum of the shares of all tokens, or of their weights. */
  private weight = 0;

  constructor(mode: PoolingMode, width: number) {
    this.mode = mode;
    this.values = new Float64Array(width);
  }

  /** Adds the state of the token at place `at`, or a share of it where other windows have the same token. */
  add(state: ArrayLike<number>, at: number, share: number): void {
    const { values, mode } = this;
    const factor = mode === 'weightedmean' ? share * (at + 1) : share;
    const isFirst = this.weight === 0;
    this.weight += factor;
    if (mode === 'max')
      for (let i = 0; i < values.length; i++) values[i] = isFirst ? state[i] : Math.max(values[i], state[i]);
    else for (let i = 0; i < values.length; i++) values[i] += state[i] * factor;
  }

  /** The vector; zeros where there was no token. */
  vector(): Float64Array {
    const { values, mode, weight } = this;
    if (mode === 'max' || weight === 0) return values;
    const divisor = mode === 'mean_sqrt_len_tokens' ? Math.sqrt(weight) : weight;
    return values.map((value) => value / divisor);
  }
}

/** The ways of an option or a file as a list. */
export function modesOf(pooling: PoolingMode | readonly PoolingMode[]): readonly PoolingMode[] {
  return typeof pooling === 'string' ? [pooling] : pooling;
}
