/** Layer normalisation has the shape of x. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';
import type { LayerNormAttributes } from './spec.ts';

/** See `layerNormSpec`. */
export function inferLayerNorm(inputs: NamedSpecs, { eps }: LayerNormAttributes): [TensorSpec] {
  const { x, weight, bias } = inputs;
  const dtype = sharedFloat('layerNorm', inputs, ['x', 'weight', 'bias']);
  checkMinRank('layerNorm', inputs, 'x', 1);
  const features = x.shape[x.shape.length - 1];
  if (weight) checkShapeIs('layerNorm', inputs, 'weight', [features], '[features]');
  if (bias) checkShapeIs('layerNorm', inputs, 'bias', [features], '[features]');
  if (!Number.isFinite(eps) || eps < 0) {
    fail('INVALID_ARGUMENT', 'layerNorm', `eps must be a finite number ≥ 0, got ${show(eps)}`);
  }
  return [{ dtype, shape: x.shape }];
}
