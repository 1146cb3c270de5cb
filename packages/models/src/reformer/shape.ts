/** Everything by which two graphs of one Reformer differ. */

/** What a graph is built for. */
export interface ReformerShape {
  /** B: rows. */
  readonly batch: number;
  /** N: tokens per row. */
  readonly length: number;
  /** Whether there is an input `attention_mask` [B, P], bool, P the length with its padding. */
  readonly padding: boolean;
  /**
   * Layers whose rotations are inputs, `rotations.<i>` [heads, head dim,
   * rounds, half the sum of the factors]; others follow from seeds.
   */
  readonly rotations?: readonly number[];
  /** Added to the seeds of rotations. */
  readonly seed?: number;
  /** Also give the second stream before every layer and after the last, as `hidden_states.<i>`. */
  readonly hiddenStates?: boolean;
}
