/** The choices of experts in the order of the experts, so that all rows of one are a single product. */

/** Choices, sorted by their experts. */
export interface ExpertRows {
  /** The choices, each as its index; those of an expert keep their order. */
  readonly order: Int32Array;
  /** Where the choices of each expert begin in `order`, and at the end how many there are. */
  readonly starts: Int32Array;
}

/** Sorts choices by their experts, which are below `count`. */
export function byExpert(experts: ArrayLike<number>, count: number): ExpertRows {
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < experts.length; i++) starts[experts[i] + 1] += 1;
  for (let expert = 0; expert < count; expert++) starts[expert + 1] += starts[expert];
  const next = starts.slice();
  const order = new Int32Array(experts.length);
  for (let i = 0; i < experts.length; i++) order[next[experts[i]]++] = i;
  return { order, starts };
}
