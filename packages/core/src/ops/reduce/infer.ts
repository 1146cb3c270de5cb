/** A reduction has the shape of x without the axis. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { fail, normalizeAxis, sharedFloat } from '../validate.ts';
import { REDUCE_KINDS, type ReduceAttributes } from './spec.ts';

/** See `reduceSpec`. */
export function inferReduce(inputs: NamedSpecs, { axis, kind }: ReduceAttributes): [TensorSpec] {
  const dtype = sharedFloat('reduce', inputs, ['x']);
  const { shape } = inputs.x;
  const reduced = normalizeAxis('reduce', axis, shape);
  if (!REDUCE_KINDS.includes(kind)) {
    fail('INVALID_ARGUMENT', 'reduce', `kind must be ${REDUCE_KINDS.join(', ')}, got ${show(kind)}`);
  }
  if (shape[reduced] === 0) {
    fail('INVALID_SHAPE', 'reduce', `axis ${axis} must not be empty, got shape ${show(shape)}`);
  }
  return [{ dtype, shape: shape.toSpliced(reduced, 1) }];
}
