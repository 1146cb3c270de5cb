/** The `gather` op: picks slices along an axis, in any order, any number of times. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import type { OpDefinition } from '../op.ts';
import { checkDtype, fail, normalizeAxis, reshaped } from '../validate.ts';

/** Attributes of `gather`. */
export interface GatherAttributes {
  /** The axis that `indices` count along; negative counts from the end. */
  readonly axis: number;
}

/**
 * Inputs `x` (any dtype) and `indices [m]` (i32 or u32); output: x with `m` as the axis' extent. An index
 * outside of the axis is an error when the graph runs. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`,
 * `INVALID_ARGUMENT`.
 */
export const gatherDefinition: OpDefinition<GatherAttributes> = {
  required: ['x', 'indices'],
  attributes: { axis: anything },
  flops: () => 0,
  normalize: ({ x }, { axis }) => ({ axis: normalizeAxis('gather', axis, x.shape) }),
  infer(inputs, attributes) {
    const { x, indices } = inputs;
    checkDtype('gather', inputs, 'indices', ['i32', 'u32']);
    if (indices.shape.length !== 1) {
      fail('INVALID_SHAPE', 'gather', `indices must have one axis, got ${show(indices.shape)}`);
    }
    const axis = normalizeAxis('gather', attributes.axis, x.shape);
    return [reshaped(x, x.shape.with(axis, indices.shape[0]))];
  },
};
