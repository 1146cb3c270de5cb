/** Shape of picked slices. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, fail, normalizeAxis, reshaped } from '../validate.ts';
import type { GatherAttributes } from './spec.ts';

/** See `gatherSpec`. */
export function inferGather(inputs: NamedSpecs, attributes: GatherAttributes): [TensorSpec] {
  const { x, indices } = inputs;
  checkDtype('gather', inputs, 'indices', ['i32', 'u32']);
  if (indices.shape.length !== 1) {
    fail('INVALID_SHAPE', 'gather', `indices must have one axis, got ${show(indices.shape)}`);
  }
  const axis = normalizeAxis('gather', attributes.axis, x.shape);
  return [reshaped(x, x.shape.with(axis, indices.shape[0]))];
}
