/** Everything in which two graphs of one Reformer can differ. */

/** What a graph is built for. */
export interface ReformerShape {
  /** B: rows. */
  readonly batch: number;
  /** N: tokens per row. */
  readonly length: number;
  /** Whether there is an input `attention_mask` [B, P], bool, P the length with its padding. */
  readonly padding: boolean;
  /**
   * Layers whose rotations are inputs, `rotations.<i>` [heads, head dim, rounds,
   * half the sum of the factors]. The rotations of other layers follow from seeds.
   */
  readonly rotations?: readonly number[];
  /** Added to the seeds of rotations. */
  readonly seed?: number;
  /** Adds outputs `hidden_states.<i>`: the second stream before every layer and after the last. */
  readonly hiddenStates?: boolean;
}
