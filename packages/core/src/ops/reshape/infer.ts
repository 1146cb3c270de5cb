/** Shape after a reshape. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { reshaped } from '../validate.ts';
import { resolveShape, type ReshapeAttributes } from './spec.ts';

/** See `reshapeSpec`. */
export function inferReshape({ x }: NamedSpecs, attributes: ReshapeAttributes): [TensorSpec] {
  return [reshaped(x, resolveShape(x.shape, attributes))];
}
