/** Shape of a·b. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkMinRank, fail, sharedFloat } from '../validate.ts';
import { matmulSizes, type MatmulAttributes } from './spec.ts';

/** See `matmulSpec`. */
export function inferMatmul(inputs: NamedSpecs, attributes: MatmulAttributes): [TensorSpec] {
  const dtype = sharedFloat('matmul', inputs, ['a', 'b']);

  checkMinRank('matmul', inputs, 'a', 2);
  checkMinRank('matmul', inputs, 'b', 2);
  const { a, b } = inputs;
  const { batch, m, n, k, kOfB } = matmulSizes(a.shape, b.shape, attributes);
  if (k !== kOfB) {
    const shapes = `${show(a.shape)} and ${show(b.shape)}`;
    fail('INVALID_SHAPE', 'matmul', `reduction lengths must be equal, got ${k} and ${kOfB} in ${shapes}`);
  }
  return [{ dtype, shape: [...batch, m, n] }];
}
