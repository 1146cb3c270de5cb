/** The values of a span's mask that are no index into the plan's masks. */

/** Values of `spanMask` below 0. A finished plan has only `full`; the others exist while a plan is made. */
export const SPAN_MASK = {
  /** Every pair of the span is visible: kernels need no mask. */
  full: -1,
  /** No pair of the tile is visible: the tile does not become a span. */
  empty: -2,
  /** The data of a run decides the tile's mask: `HeadRounds` of LSH attention fills it in. */
  byData: -3,
} as const;
