/** The `reduce` op: one axis becomes a single number, its sum, mean or greatest. Pooling is made of it. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { fail, normalizeAxis, sharedFloat } from '../validate.ts';

/** What becomes of an axis. */
export type ReduceKind = 'sum' | 'mean' | 'max';

const KINDS: readonly ReduceKind[] = ['sum', 'mean', 'max'];

/** Attributes of `reduce`. */
export interface ReduceAttributes {
  /** The axis that goes away; negative counts from the end. Its extent is at least 1. */
  readonly axis: number;
  readonly kind: ReduceKind;
}

/**
 * Input `x`, f32 or f16; the output has its other axes. NaN in is NaN out in every kind, also in `max`; sums
 * are in at least f32. Errors: `INVALID_SHAPE` (an axis of extent 0 has no mean and no greatest),
 * `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const reduceDefinition: OpDefinition<ReduceAttributes> = {
  required: ['x'],
  attributes: { axis: anything, kind: anything },
  flops: ({ x }) => sizeOf(x.shape),
  normalize: ({ x }, { axis, kind }) => ({ axis: normalizeAxis('reduce', axis, x.shape), kind }),
  infer(inputs, { axis, kind }) {
    const dtype = sharedFloat('reduce', inputs, ['x']);
    const { shape } = inputs.x;
    const reduced = normalizeAxis('reduce', axis, shape);
    if (!KINDS.includes(kind)) {
      fail('INVALID_ARGUMENT', 'reduce', `kind must be ${KINDS.join(', ')}, got ${show(kind)}`);
    }
    if (shape[reduced] === 0) {
      fail('INVALID_SHAPE', 'reduce', `axis ${axis} must not be empty, got shape ${show(shape)}`);
    }
    return [{ dtype, shape: shape.toSpliced(reduced, 1) }];
  },
};
