/** The `topK` op: the greatest numbers of each row and where they stand. */
import { integer, required } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { checkMinRank, fail, sharedFloat } from '../validate.ts';

/** Attributes of `topK`. */
export interface TopKAttributes {
  /** How many of a row, at least 1. */
  readonly k: number;
}

/**
 * Input `x` [..., n], f32 or f16; outputs: the k greatest numbers of each row, the greatest first, [..., k]
 * like x, and their places in the row, [..., k] i32. Of equal numbers the first comes first. NaN counts as
 * −∞. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const topKDefinition: OpDefinition<TopKAttributes> = {
  required: ['x'],
  attributes: { k: required(integer(1)) },
  flops: ({ x }, { k }) => sizeOf(x.shape) * k,
  infer(inputs, { k }) {
    const dtype = sharedFloat('topK', inputs, ['x']);
    checkMinRank('topK', inputs, 'x', 1);
    const { shape } = inputs.x;
    const length = shape[shape.length - 1];
    if (k > length)
      fail('INVALID_ARGUMENT', 'topK', `k must be at most the ${length} numbers of a row, got ${show(k)}`);
    const chosen = shape.with(-1, k);
    return [
      { dtype, shape: chosen },
      { dtype: 'i32', shape: chosen },
    ];
  },
};
