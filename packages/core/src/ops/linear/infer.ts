/** Shape of x·Wᵀ + b. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';

import type { NamedSpecs } from '../op.ts';
import { checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';

/** See `linearSpec`. */
export function inferLinear(inputs: NamedSpecs): [TensorSpec] {
  const { x, weight, bias } = inputs;
  const dtype = sharedFloat('linear', inputs, ['x', 'weight', 'bias']);
  checkMinRank('linear', inputs, 'x', 1);
  const inFeatures = x.shape[x.shape.length - 1];
  if (weight.shape.length !== 2 || weight.shape[1] !== inFeatures) {
    fail('INVALID_SHAPE', 'linear', `weight must be [out, in = ${inFeatures}], got ${show(weight.shape)}`);
  }
  const outFeatures = weight.shape[0];
  if (bias) checkShapeIs('linear', inputs, 'bias', [outFeatures], '[out]');

  return [{ dtype, shape: [...x.shape.slice(0, -1), outFeatures] }];
}
